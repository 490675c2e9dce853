"""Markup: nothing that a reader of the mail would see is lost, and nothing else is shown."""

import pytest

from maildesk.core.markup import text_of


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        # Programs show what stands behind the end, too: the foot of a server, a second page.
        ("<html><body><p>Hi</p></body></html><p>It burns.</p>", "Hi\n\nIt burns."),
        ("<html><body>one</body></html>\n<html><body>two</body></html>", "one\n\ntwo"),
        # Nobody sees these.
        ('<p hidden>x</p><div style="max-height:0px;overflow:hidden">x</div><p>Hi</p>', "Hi"),
        ('<p style="display: none !important">x</p><p style="visibility:hidden">x</p><p>Hi</p>', "Hi"),
        ('<span style="font-size:0">x</span><i style="color:red;opacity:0">x</i><p>Hi</p>', "Hi"),
        ("<template>x</template><p>Hi</p>", "Hi"),
        # Everybody sees these.
        ('<div style="font-size:0"><p style="font-size:14px">Hi</p></div>', "Hi"),
        ('<p style="opacity:0.9;max-height:0.5em;font-size:0.9em">Hi</p>', "Hi"),
        ('<p style="backface-visibility:hidden">Hi</p>', "Hi"),
        (f"<p>3 < 5, and {'long words ' * 400}end</p>", f"3 < 5, and {'long words ' * 400}end"),
        # Words of two elements do not grow together.
        ("<dl><dt>Name</dt><dd>Jane</dd></dl>", "Name\n    Jane"),
        ("<section>one</section><section>two</section>", "one\ntwo"),
        ("<tr><td>Name</td><td>Jane</td></tr>", "Name\nJane"),
        # A list that goes on keeps its numbers.
        ('<ol><li>a</li></ol><p>x</p><ol start="2"><li>b</li><li>c</li></ol>', " 1. a\n\nx\n\n 2. b\n 3. c"),
        # Where a link leads is part of what is said.
        ('Ask <a href="mailto:jane@shop.example">Jane</a>.', "Ask Jane <jane@shop.example>."),
        ('<a href="mailto:jane@shop.example">Jane@shop.example</a>', "Jane@shop.example"),
        ('<a href="mailto:support@desk.example?body=%23close">Close</a>', "Close"),
        # An emoji that was picked from a table is a picture.
        ('Thanks <img src="cid:1" alt="👍🏽">!', "Thanks 👍🏽!"),
        ('<img src="cid:1" alt="image001.png">Hi', "Hi"),
    ],
)
def test_text(markup: str, text: str) -> None:
    assert text_of(markup) == text
