"""Reports of mail servers in words: loops, routes, filters and addresses of other systems."""

from tests.core.reports import DAEMON, POSTMASTER, RETURNED

SERVERS: dict[str, tuple[str, str, str, str, str, str]] = {
    "qmail, refused without words": (
        DAEMON,
        "failure notice",
        (
            "Hi. This is the qmail-send program at mx.example.\n"
            "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
            "This is a permanent error; I've given up. Sorry it didn't work out.\n\n<jane@shop.example>:\n"
            "192.0.2.7 does not like recipient.\nRemote host said: 550 sorry\nGiving up on 192.0.2.7.\n\n"
            "--- Below this line is a copy of the message.\n\n" + RETURNED
        ),
        "jane@shop.example",
        "5.0.0",
        "failed",
    ),
    "qmail, a quoted local part": (
        DAEMON,
        "failure notice",
        (
            "Hi. This is the qmail-send program at mx.example.\n"
            "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
            "This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
            '<"jane smith"@shop.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n'
            "--- Below this line is a copy of the message.\n\n" + RETURNED
        ),
        '"jane smith"@shop.example',
        "5.1.1",
        "failed",
    ),
    "qmail-ldap, disabled": (
        DAEMON,
        "failure notice",
        (
            "Hi. This is the qmail-send program at mx.example.\n"
            "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
            "This is a permanent error; I've given up. Sorry it didn't work out.\n\n<jane@shop.example>:\n"
            "Mailaddress is administrativley disabled. (#5.2.1)\n\n"
            "--- Below this line is a copy of the message.\n\n" + RETURNED
        ),
        "jane@shop.example",
        "5.2.1",
        "failed",
    ),
    "a relative of qmail, in Spanish": (
        DAEMON,
        "failure notice",
        (
            "Hola. Este es el programa qmail-send en mx.example.\n"
            "Su mensaje no pudo ser entregado a las siguientes direcciones.\n\n<jane@shop.example>:\n"
            "192.0.2.7 does not like recipient.\nRemote host said: 550 5.1.1 User unknown\n\n"
            "--- Below this line is a copy of the message.\n\n" + RETURNED
        ),
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "a relative of qmail": (
        DAEMON,
        "failure notice",
        (
            "This is the mail delivery agent at mx.example.\n"
            "I was not able to deliver your message to the following addresses.\n\n<jane@shop.example>:\n"
            "He/Her is not a known person here\n\n--- Below this line is a copy of the message.\n\n"
            + RETURNED
        ),
        "jane@shop.example",
        "5.0.0",
        "failed",
    ),
    "Exim, no such host": (
        f"Mail Delivery System <{DAEMON}>",
        "Mail delivery failed: returning message to sender",
        (
            "This message was created automatically by mail delivery software.\n\n"
            "A message that you sent could not be delivered to one or more of its\n"
            "recipients. This is a permanent error. The following address(es) failed:\n\n  jane@shop.example\n"
            "    all host address lookups failed permanently\n\n"
            "------ This is a copy of the message, including all the headers. ------\n\n" + RETURNED
        ),
        "jane@shop.example",
        "5.1.2",
        "failed",
    ),
    "Exim, MX to nowhere": (
        f"Mail Delivery System <{DAEMON}>",
        "Mail delivery failed: returning message to sender",
        (
            "This message was created automatically by mail delivery software.\n\n"
            "A message that you sent could not be delivered to one or more of its\n"
            "recipients. This is a permanent error. The following address(es) failed:\n\n  jane@shop.example\n"
            "    all relevant MX records point to non-existent hosts\n\n"
            "------ This is a copy of the message, including all the headers. ------\n\n" + RETURNED
        ),
        "jane@shop.example",
        "5.1.2",
        "failed",
    ),
    "Exim, a loop": (
        f"Mail Delivery System <{DAEMON}>",
        "Mail delivery failed: returning message to sender",
        (
            "This message was created automatically by mail delivery software.\n\n"
            "A message that you sent could not be delivered to one or more of its\n"
            "recipients. This is a permanent error. The following address(es) failed:\n\n  jane@shop.example\n"
            '    Too many "Received" headers - suspected mail loop\n\n'
            "------ This is a copy of the message, including all the headers. ------\n\n" + RETURNED
        ),
        "jane@shop.example",
        "5.4.6",
        "failed",
    ),
    "Exim, refused at EHLO": (
        f"Mail Delivery System <{DAEMON}>",
        "Mail delivery failed: returning message to sender",
        (
            "This message was created automatically by mail delivery software.\n\n"
            "A message that you sent could not be delivered to one or more of its\n"
            "recipients. This is a permanent error. The following address(es) failed:\n\n  jane@shop.example\n"
            "    SMTP error from remote mail server after EHLO desk.example:\n"
            "    host mail.shop.example [192.0.2.7]: 550 go away\n\n"
            "------ This is a copy of the message, including all the headers. ------\n\n" + RETURNED
        ),
        "jane@shop.example",
        "5.7.1",
        "failed",
    ),
    "Exim, the sender refused": (
        f"Mail Delivery System <{DAEMON}>",
        "Mail delivery failed: returning message to sender",
        (
            "This message was created automatically by mail delivery software.\n\n"
            "A message that you sent could not be delivered to one or more of its\n"
            "recipients. This is a permanent error. The following address(es) failed:\n\n  jane@shop.example\n"
            "    SMTP error from remote mail server after MAIL FROM:<support@desk.example> SIZE=100:\n"
            "    host mail.shop.example [192.0.2.7]: 550 no\n\n"
            "------ This is a copy of the message, including all the headers. ------\n\n" + RETURNED
        ),
        "jane@shop.example",
        "5.7.1",
        "failed",
    ),
    "Exim, frozen": (
        f"Mail Delivery System <{DAEMON}>",
        "Message frozen",
        "Message 1abCdE-0001x-00 has been frozen (delivery error message).\nThe sender is <>.\n\n"
        "The following address(es) have yet to be delivered:\n\n  jane@shop.example: Connection refused\n",
        "jane@shop.example",
        "4.4.1",
        "delayed",
    ),
    "Exim, a filter": (
        f"Mail Delivery System <{DAEMON}>",
        "error(s) in forwarding or filtering",
        "The userforward router encountered the following error(s):\n\n"
        "  jane@shop.example: missing or malformed local part\n",
        "jane@shop.example",
        "5.1.3",
        "failed",
    ),
    "Exim, an undisclosed address": (
        f"Mail Delivery System <{DAEMON}>",
        "Mail delivery failed: returning message to sender",
        (
            "This message was created automatically by mail delivery software.\n\n"
            "A message that you sent could not be delivered to one or more of its\n"
            "recipients. This is a permanent error. The following address(es) failed:\n\n"
            "  an undisclosed address\n    (generated from sales@shop.example)\n    mailbox is full\n\n"
            "------ This is a copy of the message, including all the headers. ------\n\n" + RETURNED
        ),
        "sales@shop.example",
        "5.2.2",
        "failed",
    ),
    "Exim, a pipe": (
        f"Mail Delivery System <{DAEMON}>",
        "Mail delivery failed: returning message to sender",
        (
            "This message was created automatically by mail delivery software.\n\n"
            "A message that you sent could not be delivered to one or more of its\n"
            "recipients. This is a permanent error. The following address(es) failed:\n\n"
            "  pipe to |/usr/bin/procmail\n    generated by jane@shop.example\n    local delivery failed\n\n"
            "------ This is a copy of the message, including all the headers. ------\n\n" + RETURNED
        ),
        "jane@shop.example",
        "5.3.0",
        "failed",
    ),
    "Sendmail, deferred": (
        f"Mail Delivery Subsystem <{DAEMON}>",
        "Warning: could not send message for past 4 hours",
        "   ----- The following addresses had delivery problems -----\n"
        "<jane@shop.example>  (transient failure)\n\n   ----- Transcript of session follows -----\n"
        "<jane@shop.example>... Deferred: Connection refused by mail.shop.example.\n"
        "Message could not be delivered for 4 hours\nMessage will be deleted from queue\n",
        "jane@shop.example",
        "4.4.1",
        "delayed",
    ),
    "Sendmail, a loop": (
        f"Mail Delivery Subsystem <{DAEMON}>",
        "Returned mail: see transcript for details",
        "The original message was received at Mon, 2 Mar 2026 10:00:00 +0100\n"
        "from desk.example [192.0.2.9]\n\n"
        "   ----- The following addresses had permanent fatal errors -----\n<jane@shop.example>\n\n"
        "   ----- Transcript of session follows -----\n"
        "554 5.4.6 Too many hops 26 (25 max): from <support@desk.example> via mx.example, to "
        "<jane@shop.example>\n",
        "jane@shop.example",
        "5.4.6",
        "failed",
    ),
    "Exchange 5.5, a loop": (
        f"System Administrator <{POSTMASTER}>",
        "Undeliverable: Order 7",
        "Your message\n\n  To:      Jane\n  Subject: Order 7\n  Sent:    Mon, 2 Mar 2026 10:00:00 +0100\n\n"
        "did not reach the following recipient(s):\n\njane@shop.example on Mon, 2 Mar 2026 10:00:01 +0100\n"
        "    The message could not be sent\n"
        "    The MTS-ID of the original message is: c=us;a= ;p=shop;l=MX-260302100000Z-1\n"
        "    MSEXCH:IMS:SHOP:MAIN:MAIL 0 (00120270) Too Many Hops\n",
        "jane@shop.example",
        "5.4.6",
        "failed",
    ),
    "Exchange 5.5, ambiguous": (
        f"System Administrator <{POSTMASTER}>",
        "Undeliverable: Order 7",
        "Your message\n\n  To:      Jane\n  Subject: Order 7\n  Sent:    Mon, 2 Mar 2026 10:00:00 +0100\n\n"
        "did not reach the following recipient(s):\n\njane@shop.example on Mon, 2 Mar 2026 10:00:01 +0100\n"
        "    The message could not be sent\n"
        "    The MTS-ID of the original message is: c=us;a= ;p=shop;l=MX-260302100000Z-1\n"
        "    MSEXCH:IMS:SHOP:MAIN:MAIL 0 (000C0595) Ambiguous Recipient\n",
        "jane@shop.example",
        "5.1.4",
        "failed",
    ),
    "Exchange 5.5, too many recipients": (
        f"System Administrator <{POSTMASTER}>",
        "Undeliverable: Order 7",
        "Your message\n\n  To:      Jane\n  Subject: Order 7\n  Sent:    Mon, 2 Mar 2026 10:00:00 +0100\n\n"
        "did not reach the following recipient(s):\n\njane@shop.example on Mon, 2 Mar 2026 10:00:01 +0100\n"
        "    The message could not be sent\n"
        "    The MTS-ID of the original message is: c=us;a= ;p=shop;l=MX-260302100000Z-1\n"
        "    MSEXCH:IMS:SHOP:MAIN:MAIL 0 (00010256) Too many recipients\n",
        "jane@shop.example",
        "5.5.3",
        "failed",
    ),
    "Exchange, an address of its own directory": (
        f"Microsoft Exchange <{POSTMASTER}>",
        "Undeliverable: Order 7",
        "Delivery has failed to these recipients or groups:\n\n"
        "Jane (IMCEAEX-_O=SHOP_OU=FIRST+20ADMINISTRATIVE+20GROUP_CN=RECIPIENTS_CN=JANE@shop.example)\n"
        "The e-mail address you entered couldn't be found.\n\nDiagnostic information for administrators:\n"
        "\nGenerating server: mx.example\n\n"
        "IMCEAEX-_O=SHOP_OU=FIRST+20ADMINISTRATIVE+20GROUP_CN=RECIPIENTS_CN=JANE@shop.example\n"
        "#550 5.1.1 RESOLVER.ADR.ExRecipNotFound; not found ##\n",
        "imceaex-_o=shop_ou=first+20administrative+20group_cn=recipients_cn=jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "Exchange, an address inside another": (
        f"Microsoft Exchange <{POSTMASTER}>",
        "Undeliverable: Order 7",
        "Delivery has failed to these recipients or groups:\n\n"
        "IMCEASMTP-jane+40shop+2Eexample@desk.example\n\n"
        "#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##\n",
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "Domino, ambiguous": (
        POSTMASTER,
        "DELIVERY FAILURE: User jane (jane@shop.example) not unique. Several matches found in Domino "
        "Directory.",
        "Your message\n\n  Subject: Order 7\n\nwas not delivered to:\n\n  jane@shop.example\n\nbecause:\n\n"
        "  User jane (jane@shop.example) not unique.  Several matches found in Domino Directory.\n",
        "jane@shop.example",
        "5.1.4",
        "failed",
    ),
    "Domino, no route": (
        POSTMASTER,
        "DELIVERY FAILURE: Cannot route mail to user (jane@shop.example).",
        "Your message\n\n  Subject: Order 7\n\nwas not delivered to:\n\n  jane@shop.example\n\nbecause:\n\n"
        "  Cannot route mail to user (jane@shop.example).\n",
        "jane@shop.example",
        "5.4.4",
        "failed",
    ),
    "Domino, in German": (
        POSTMASTER,
        "ZUSTELLUNGSFEHLER: Benutzer jane (jane@shop.example) nicht im Domino-Verzeichnis aufgelistet",
        "Ihre Nachricht\n\n  Betreff: Order 7\n\nwurde nicht zugestellt an:\n\n  jane@shop.example\n\n"
        "weil:\n\n  Benutzer jane (jane@shop.example) nicht im Domino-Verzeichnis aufgelistet\n",
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "Domino, in French": (
        POSTMASTER,
        "ECHEC DE LIVRAISON : Utilisateur jane (jane@shop.example) non répertorié dans l'annuaire Domino",
        "Votre message\n\n  Objet : Order 7\n\nn'a pas été livré à :\n\n  jane@shop.example\n\ncar :\n\n"
        "  Utilisateur jane (jane@shop.example) non répertorié dans l'annuaire Domino\n",
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "Notes, a loop": (
        POSTMASTER,
        "Undeliverable message",
        (
            "------- Failure Reasons  --------\n\nMessage has exceeded maximum hop count\njane@shop.example\n\n"
            "\n------- Returned Message --------\n\n" + RETURNED
        ),
        "jane@shop.example",
        "5.4.6",
        "failed",
    ),
    "Gmail, late": (
        "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
        "Delivery Status Notification (Delay)",
        "This is an automatically generated Delivery Status Notification\n\n"
        "THIS IS A WARNING MESSAGE ONLY.\n\nYOU DO NOT NEED TO RESEND YOUR MESSAGE.\n\n"
        "Delivery to the following recipient has been delayed:\n\n     jane@shop.example\n\n"
        "Message will be retried for 2 more day(s)\n\nTechnical details of temporary failure:\n"
        "The recipient server did not accept our requests to connect.\n",
        "jane@shop.example",
        "4.4.1",
        "delayed",
    ),
    "Google Groups": (
        "Mail Delivery Subsystem <mailer-daemon@googlemail.com>\nX-Failed-Recipients: group@groups.example",
        "Delivery Status Notification (Failure)",
        "Hello support@desk.example,\n\n"
        "We're writing to let you know that the group you tried to contact (group) may not exist, or "
        "you may not have permission to post messages to the group. A few more details on why you "
        "weren't able to post:\n\n * You might have spelled or formatted the group name incorrectly.\n"
        " * The owner of the group may have removed this group.\n"
        " * You may need to join the group before receiving permission to post.\n"
        " * This group may not be open to posting.\n\nThanks,\n\nGoogle Groups\n\n"
        "----- Original message -----\n\nMessage-ID: <m1@desk.example>\nFrom: support@desk.example\n"
        "To: group@groups.example\nSubject: Order 7\n",
        "group@groups.example",
        "5.7.1",
        "failed",
    ),
    "Gmail, blocked": (
        "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
        "Delivery Status Notification (Failure)",
        "** Message blocked **\n\n"
        "Your message to jane@shop.example has been blocked. See technical details below for more "
        "information.\n\nThe response from the remote server was:\n\n"
        "550 5.7.26 Unauthenticated email from desk.example is not accepted\n",
        "jane@shop.example",
        "5.7.26",
        "failed",
    ),
}
