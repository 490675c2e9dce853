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
    "Postfix, a warning under another subject": (
        DAEMON,
        "Undelivered Mail Returned to Sender",
        "This is the mail system at host smtp.example.\n\n"
        "####################################################################\n"
        "# THIS IS A WARNING ONLY.  YOU DO NOT NEED TO RESEND YOUR MESSAGE. #\n"
        "####################################################################\n\n"
        "Your message could not be delivered for more than 4 hour(s).\n"
        "It will be retried until it is 5 day(s) old.\n\n"
        "<jane@shop.example>: connect to mail.shop.example[192.0.2.7]:25: Connection\n    refused\n",
        "jane@shop.example",
        "4.4.1",
        "delayed",
    ),
    "a provider in China": (
        "Postmaster@163.example",
        "系统退信",
        "抱歉，您的邮件被退回来了……\n\n原邮件信息：\n"
        "时间：2026-03-02\n主题：Order 7\n收件人：jane@shop.example\n\n退信原因：\n"
        "收件人邮件地址（jane@shop.example）不存在，邮件无法送达。\nUser not found: jane@shop.example\n",
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "a provider in Korea": (
        "Mailer-Daemon@naver.example",
        "[Undelivered] 메일 발송 실패 안내",
        "메일이 발송되지 못했습니다.\n\n받는사람 : jane@shop.example\n"
        "발송실패 사유 : 받는 사람의 메일 주소가 존재하지 않습니다.\n"
        "550 5.1.1 No such user\n",
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "a provider in Poland": (
        DAEMON,
        "Nie można dostarczyć wiadomości",
        "Wiadomość nie została dostarczona do:\n\njane@shop.example\n\nUżytkownik nie istnieje\n",
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "a server that finds no user": (
        POSTMASTER,
        "Delivery Failure",
        "Delivery failure\nThe user jane@shop.example could not be found on this server.\n",
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "a server that finds no domain": (
        DAEMON,
        "Undeliverable mail",
        "Your mail to jane@shop.example was rejected because the domain shop.example could not be found.\n",
        "jane@shop.example",
        "5.1.2",
        "failed",
    ),
    "a gateway to phones": (
        POSTMASTER,
        "Undeliverable",
        "Message to +15550100@sms.example could not be delivered: subscriber unknown\n",
        "+15550100@sms.example",
        "5.1.1",
        "failed",
    ),
}
