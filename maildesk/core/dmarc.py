"""DMARC (RFC 9989): whether what was found out about a mail proves the domain of its From, or denies it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from maildesk.core.authres import Result

Texts = Callable[[str], tuple[str, ...]]
"""The TXT records of a name; none are an empty answer."""

_POLICIES = ("none", "quarantine", "reject")
_LABELS = 8
"""So many names the tree walk asks at most (RFC 9989)."""


def proves(results: Iterable[Result], domain: str) -> Result | None:
    """The result that proves the From domain `domain` (as addresses are normalised), None if there is none.

    That is a DMARC pass for this very domain. Where DMARC says nothing, a valid DKIM signature or an SPF pass does that
    is of this domain or of one above it: who may sign for example.com may also name mail.example.com. The other way
    round it proves nothing, as a sub-domain may belong to somebody else.
    """
    found = tuple(results)
    judged = [one for one in found if one.method == "dmarc" and one.result in ("pass", "fail")]
    if judged:
        # Several that differ are no statement that anybody could rely on.
        agreed = all((one.result, one.domain) == ("pass", domain) for one in judged)
        return judged[0] if agreed else None
    return next((one for one in found if one.result == "pass" and _covers(one.domain, domain)), None)


def denies(results: Iterable[Result], domains: Iterable[str]) -> Result | None:
    """The result by which DMARC fails for one of the From domains, None if it does not. An error is no failure."""
    known = ("", *domains)
    return next(
        (one for one in results if (one.method, one.result) == ("dmarc", "fail") and one.domain in known),
        None,
    )


def _covers(shown: str, domain: str) -> bool:
    return "." in shown and is_within(domain, shown)


def is_within(domain: str, above: str) -> bool:
    """Whether a domain is this one or below it."""
    return domain == above or domain.endswith(f".{above}")


# Our own judgement, by what the DNS says


@dataclass(frozen=True, slots=True)
class Record:
    """A DMARC record: how strictly DKIM and SPF must fit, and `psd`: "y", "n", or "u" for unsaid. What the domain asks
    to be done with mail that fails is no matter here: it is answered by nothing automatic."""

    dkim_strict: bool
    spf_strict: bool
    psd: str


def record(texts: Iterable[str]) -> Record | None:
    """The DMARC record among TXT records; None if there is none, or more than one."""
    found = [one for text in texts if (one := _record(text))]
    return found[0] if len(found) == 1 else None


def _record(text: str) -> Record | None:
    tags = {
        key.strip().lower(): value.strip()
        for key, _, value in (part.partition("=") for part in text.split(";"))
    }
    if next(iter(tags)) != "v" or tags["v"] != "DMARC1":
        return None
    if tags.get("p", "").lower() not in _POLICIES and not {"rua", "psd"} & tags.keys():
        return None  # it asks for nothing that is understood (RFC 9989)
    psd = tags.get("psd", "u").lower()
    return Record(
        dkim_strict=tags.get("adkim", "r").lower() == "s",
        spf_strict=tags.get("aspf", "r").lower() == "s",
        psd=psd if psd in ("y", "n") else "u",
    )


def _names(domain: str) -> list[str]:
    """The names of the tree walk, from the domain itself up to the top level."""
    labels = domain.split(".")
    start = max(1, len(labels) - _LABELS + 1)
    return [domain, *(".".join(labels[at:]) for at in range(start, len(labels)))]


def organization(domain: str, texts: Texts) -> str:
    """The organizational domain, by the tree walk of RFC 9989: no list of public suffixes is needed."""
    highest = domain
    below = domain
    for name in _names(domain):
        found = record(texts(f"_dmarc.{name}"))
        if found and found.psd == "n":
            return name
        if found and found.psd == "y":
            return below
        if found:
            highest = name
        below = name
    return highest


def judged(domain: str, shown: Iterable[Result], texts: Texts) -> Result:
    """The DMARC result of a From domain: pass, fail, none (no record), or temperror where DKIM or SPF of the domain or
    one of its organization could not be judged and nothing else passed.

    Nothing is asked about other domains: whoever sent the mail chose them, and would choose one that never answers.
    """
    results = [one for one in shown if one.method in ("dkim", "spf")]
    own = organization(domain, texts)
    rule = record(texts(f"_dmarc.{domain}")) or record(texts(f"_dmarc.{own}"))
    if rule is None:
        return Result("dmarc", "none", domain)
    doubtful = False
    for one in results:
        strict = rule.dkim_strict if one.method == "dkim" else rule.spf_strict
        if one.domain != domain and (strict or not is_within(one.domain, own)):
            continue
        doubtful = doubtful or one.result == "temperror"
        if one.result == "pass" and (one.domain == domain or organization(one.domain, texts) == own):
            return Result("dmarc", "pass", domain)
    return Result("dmarc", "temperror" if doubtful else "fail", domain)
