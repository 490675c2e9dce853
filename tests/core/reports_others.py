"""Reports in words that name several, or say elsewhere whom they mean."""

from tests.core.reports import DAEMON, POSTMASTER, RETURNED

OTHERS: dict[str, tuple[str, str, str, str, str, str]] = {
    "Exim, two with different reasons": (
        f"Mail Delivery System <{DAEMON}>",
        "Mail delivery failed: returning message to sender",
        (
            "This message was created automatically by mail delivery software.\n\n"
            "A message that you sent could not be delivered to one or more of its\n"
            "recipients. This is a permanent error. The following address(es) failed:\n\n  jane@shop.example\n"
            "    Unrouteable address\n  bob@shop.example\n    mailbox is full\n\n"
            "------ This is a copy of the message, including all the headers. ------\n\n" + RETURNED
        ),
        "jane@shop.example bob@shop.example",
        "5.1.2",
        "failed",
    ),
    "Exim, a local part": (
        f"Mail Delivery System <{DAEMON}>",
        "Mail delivery failed: returning message to sender",
        (
            "This message was created automatically by mail delivery software.\n\n"
            "A message that you sent could not be delivered to one or more of its\n"
            "recipients. This is a permanent error. The following address(es) failed:\n\n  jane\n"
            "    (ultimately generated from jane@shop.example)\n    unknown user\n\n"
            "------ This is a copy of the message, including all the headers. ------\n\n" + RETURNED
        ),
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "Exim, a file": (
        f"Mail Delivery System <{DAEMON}>",
        "Mail delivery failed: returning message to sender",
        (
            "This message was created automatically by mail delivery software.\n\n"
            "A message that you sent could not be delivered to one or more of its\n"
            "recipients. This is a permanent error. The following address(es) failed:\n\n"
            "  save to /var/mail/jane\n    (generated from jane@shop.example)\n    mailbox is full\n\n"
            "------ This is a copy of the message, including all the headers. ------\n\n" + RETURNED
        ),
        "jane@shop.example",
        "5.2.2",
        "failed",
    ),
    "Postfix, an expanded address": (
        DAEMON,
        "Undelivered Mail Returned to Sender",
        "<j2@other.example> (expanded from <jane@shop.example>): host mx.other.example[192.0.2.7]\n"
        "    said: 550 5.1.1 unknown (in reply to RCPT TO command)\n",
        "j2@other.example",
        "5.1.1",
        "failed",
    ),
    "ezmlm, to one who is no member": (
        DAEMON,
        "failure notice",
        "Hi. This is the qmail-send program at mx.example.\n"
        "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
        "This is a permanent error; I've given up. Sorry it didn't work out.\n\n<talk@shop.example>:\n"
        "Sorry, only subscribers may post. If you are a subscriber, please forward this message to "
        "talk-owner@shop.example to get your new address included (#5.7.2)\n",
        "talk@shop.example",
        "5.7.2",
        "failed",
    ),
    "qmail, given up": (
        DAEMON,
        "failure notice",
        "Hi. This is the qmail-send program at mx.example.\n"
        "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
        "This is a permanent error; I've given up. Sorry it didn't work out.\n\n<jane@shop.example>:\n"
        "192.0.2.7 failed after I sent the message.\nRemote host said: 451 4.3.0 try again\n"
        "I'm not going to try again; this message has been in the queue too long.\n",
        "jane@shop.example",
        "4.3.0",
        "failed",
    ),
    "Exchange 2010, two recipients": (
        f"Microsoft Exchange <{POSTMASTER}>",
        "Undeliverable: Order 7",
        (
            "Delivery has failed to these recipients or groups:\n\nJane (jane@shop.example)\n"
            "The address was not found.\n\nBob (bob@shop.example)\nThe mailbox is full.\n\n"
            "Diagnostic information for administrators:\n\nGenerating server: mx.example\n\njane@shop.example\n"
            "#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##\n\nbob@shop.example\n"
            "#554 5.2.2 mailbox full ##\n\nOriginal message headers:\n\n" + RETURNED
        ),
        "jane@shop.example bob@shop.example",
        "5.1.1",
        "failed",
    ),
    "Exchange Online, expired": (
        f"Microsoft Exchange <{POSTMASTER}>",
        "Undeliverable: Order 7",
        "Delivery has failed to these recipients or groups:\n\njane@shop.example\n"
        "Several attempts to deliver your message were unsuccessful and we stopped trying.\n\n"
        "Diagnostic information for administrators:\n\nGenerating server: mx.example\n"
        "Receiving server: mail.shop.example (192.0.2.7)\n\njane@shop.example\n"
        "Server at mail.shop.example returned '550 5.4.316 Message expired, connection refused'\n",
        "jane@shop.example",
        "5.4.316",
        "failed",
    ),
    "Exchange 2003, the address in the code": (
        f"System Administrator <{POSTMASTER}>",
        "Undeliverable: Order 7",
        "Your message did not reach some or all of the intended recipients.\n\n      Subject:\tOrder 7\n\n"
        "The following recipient(s) cannot be reached:\n\n      Jane Doe on 3/2/2026 10:00 AM\n"
        "            The e-mail account does not exist\n"
        "            <mx.example #5.1.1 smtp;550 5.1.1 <jane@shop.example>: User unknown>\n",
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "Exchange 2003, in German": (
        f"Systemadministrator <{POSTMASTER}>",
        "Unzustellbar: Order 7",
        "Ihre Nachricht hat einige oder alle Empfänger nicht erreicht.\n\n      Betreff:\tOrder 7\n"
        "      Gesendet am:\t02.03.2026 10:00\n\nFolgende(r) Empfänger konnte(n) nicht erreicht werden:\n\n"
        "      jane@shop.example am 02.03.2026 10:00\n"
        "            Das E-Mail-Konto ist in der Organisation nicht vorhanden.\n"
        "            <mx.example #5.1.1>\n",
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "Exchange 2003, in Italian": (
        f"Amministratore sistema <{POSTMASTER}>",
        "Non recapitabile: Order 7",
        "Il messaggio non ha raggiunto uno o più destinatari.\n\n"
        "Impossibile raggiungere i seguenti destinatari:\n\n      jane@shop.example il 02/03/2026 10:00\n"
        "            <mx.example #5.1.1>\n",
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "Exchange 2003, in Spanish": (
        f"Administrador del sistema <{POSTMASTER}>",
        "No entregado: Order 7",
        "El mensaje no se ha entregado a todos o a algunos destinatarios.\n\n"
        "No se ha podido tener acceso a los siguientes destinatarios:\n\n"
        "      jane@shop.example el 02/03/2026 10:00\n            <mx.example #5.1.1>\n",
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "Exchange 2003, in Dutch": (
        f"Systeembeheerder <{POSTMASTER}>",
        "Niet-bezorgd: Order 7",
        "Uw bericht heeft enkele of alle geadresseerden niet bereikt.\n\n"
        "De volgende geadresseerde(n) kunnen niet worden bereikt:\n\n"
        "      jane@shop.example op 02-03-2026 10:00\n            <mx.example #5.1.1>\n",
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
}
