"""The subjects under which machines answer for people, and those that people write themselves."""

import pytest

from maildesk.core.away import away


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: Printer",
        "Auto-reply: Printer",
        "Autoresponder: thanks",
        "[Auto] Automatic response",
        "AUTO: Jane is out of the office (returning 03/01/2026)",
        "Out of Office: Printer",
        "Out of Office AutoReply: Printer",
        "Out of office",
        "I am out of the office until Monday",
        "Jane Doe is out of the office.",
        "Automatische Antwort: Drucker",
        "Abwesenheitsnotiz: Drucker",
        "Abwesend: AW: Drucker",
        "Nicht im Büro: Drucker",
        "Réponse automatique : Panne",
        "Absence du bureau : Panne",
        "Respuesta automática: Impresora",
        "Fuera de la oficina: Impresora",
        "Resposta automática: Impressora",
        "Fora do escritório: Impressora",
        "Risposta automatica: Stampante",
        "Fuori sede: Stampante",
        "Automatisch antwoord: Printer",
        "Afwezigheidsbericht: Printer",
        "Autosvar: Skrivare",
        "Automatiskt svar: Skrivare",
        "Automatisk svar: Printer",
        "Automaattinen vastaus: Tulostin",
        "Odpowiedź automatyczna: Drukarka",
        "Automatická odpověď: Tiskárna",
        "Automatikus válasz: Nyomtató",
        "Răspuns automat: Imprimantă",
        "Otomatik yanıt: Yazıcı",
        "Αυτόματη απάντηση: Εκτυπωτής",
        "Автоматический ответ: Принтер",
        "Автоответ: Принтер",
        "Автоматична відповідь: Принтер",
        "自動返信: プリンター",
        "自动回复: 打印机",
        "自動回覆: 印表機",
        "자동 회신: 프린터",
        "Trả lời tự động: Máy in",
        "การตอบกลับอัตโนมัติ: เครื่องพิมพ์",
        "מענה אוטומטי: מדפסת",
        "الرد التلقائي: طابعة",
        "Balasan otomatis: Printer",
        "Аутоматски одговор: Штампач",
        "Ich bin vom 3. bis 5. Mai nicht im Büro",
        "Autoreply Re: Printer",
        "Automatic reply from Jane",
        "Automatische Antwort - Drucker",
    ],
)
def test_a_machine(subject: str) -> None:
    assert away(subject, answers=False)


@pytest.mark.parametrize(
    "subject",
    [
        "Printer",
        "Re: Automatic reply: Printer",
        "Re: Out of Office: Printer",
        "Out of office printer is broken",
        "Out of office phones ring for ever",
        "On vacation my card was stolen",
        "On holiday from Monday, please hold my delivery",
        "Abwesenheit vom 3. bis 5. Mai",
        "Absence de Mme Durand",
        "Ausencia en mayo",
        "Automatic door does not open",
        "Automatic reply is annoying",
        "Autoresponder not working",
        "Vacation message how to set",
        "Abwesenheitsnotiz einrichten",
        "Abwesenheitsassistent funktioniert nicht",
        "Autosvar virker ikke",
        "Automatische Abbuchung falsch",
        "Réponse à votre question",
        "不在票について",
    ],
)
def test_a_person(subject: str) -> None:
    assert not away(subject, answers=False)


@pytest.mark.parametrize("subject", ["Abwesenheit vom 3. bis 5. Mai", "On vacation", "Absent jusqu'au 5 mai"])
def test_words_that_people_use_too_count_in_an_answer(subject: str) -> None:
    assert away(subject, answers=True)
    assert not away(subject, answers=False)
