"""Reports of providers, gateways and lists in words."""

from tests.core.reports import DAEMON, POSTMASTER, RETURNED

PROVIDERS: dict[str, tuple[str, str, str, str, str, str]] = {
    "OpenSMTPD": (
        f"Mailer Daemon <{DAEMON}>",
        "Delivery status notification: error",
        (
            "    Hi!\n\n    This is the MAILER-DAEMON, please DO NOT REPLY to this email.\n\n"
            "    An error has occurred while attempting to deliver a message for\n"
            "    the following list of recipients:\n\n"
            "jane@shop.example: 550 5.2.2 <jane@shop.example>... Mailbox Full\n\n"
            "    Below is a copy of the original message:\n\n" + RETURNED
        ),
        "jane@shop.example",
        "5.2.2",
        "failed",
    ),
    "OpenSMTPD, late": (
        f"Mailer Daemon <{DAEMON}>",
        "Delivery status notification: warning",
        (
            "    Hi!\n\n    This is the MAILER-DAEMON, please DO NOT REPLY to this email.\n\n"
            "    A message is delayed for more than 4h for the following\n    list of recipients:\n\n"
            "jane@shop.example: Network error on destination MXs\n\n"
            "    Please note that this is only a temporary failure report.\n"
            "    The message is kept in the queue for up to 4d.\n"
            "    You DO NOT NEED to re-send the message to these recipients.\n\n"
            "    Below is a copy of the original message:\n\n" + RETURNED
        ),
        "jane@shop.example",
        "4.4.1",
        "delayed",
    ),
    "OpenSMTPD, a loop": (
        f"Mailer Daemon <{DAEMON}>",
        "Delivery status notification: error",
        (
            "    An error has occurred while attempting to deliver a message for\n"
            "    the following list of recipients:\n\njane@shop.example: Loop detected\n\n"
            "    Below is a copy of the original message:\n\n" + RETURNED
        ),
        "jane@shop.example",
        "5.4.6",
        "failed",
    ),
    "Apache James, without a code": (
        POSTMASTER,
        "Re:Order 7",
        "Error message below:\nDelivery to the following recipients failed\n\nMessage details:\n"
        "  Subject: Order 7\n  Sent date: Mon Mar 02 10:00:00 GMT 2026\n  MAIL FROM: support@desk.example\n"
        "  RCPT TO: jane@shop.example\n  From: support@desk.example\n  To: jane@shop.example\n"
        "  Size (in bytes): 100\n",
        "jane@shop.example",
        "5.0.0",
        "failed",
    ),
    "au, limited": (
        "<Postmaster@ezweb.example>",
        "Mail System Error - Returned Mail",
        "The user(s) account is temporarily limited.\n\n<jane@shop.example>\n",
        "jane@shop.example",
        "5.2.1",
        "failed",
    ),
    "au, expired": (
        "<Postmaster@ezweb.example>",
        "Mail System Error - Returned Mail",
        "Your message was not delivered within 0 days and 1 hours.\nRemote host is not responding.\n\n"
        "The following recipients did not receive this message:\n\n<jane@shop.example>\n",
        "jane@shop.example",
        "5.4.7",
        "failed",
    ),
    "KDDI": (
        "no-reply@dion.example\nReturn-Path: <>",
        "Mail delivery failed",
        "Your mail sent on: Mon, 2 Mar 2026 10:00:00 +0900\n"
        "     Could not be delivered to: <jane@shop.example>\n     As the remote domain doesnt exist.\n",
        "jane@shop.example",
        "5.1.2",
        "failed",
    ),
    "Biglobe": (
        POSTMASTER,
        "Returned mail: Over",
        "   ----- The following addresses had delivery problems -----\njane@shop.example\n\n"
        "   ----- Non-delivered information -----\n"
        "The number of messages in recipient's mailbox exceeded the local limit.\n",
        "jane@shop.example",
        "5.2.2",
        "failed",
    ),
    "m-FILTER": (
        DAEMON,
        "failure notice",
        (
            "このメールは「m-FILTER」が自動的に生成して送信しています。\nメールサーバーとの通信中、下記の理由により\nこのメールは送信できませんでした。\n\n"
            "以下のメールアドレスへの送信に失敗しました。\njane@shop.example\n\n\n-------server message\n"
            "550 5.1.1 unknown user <jane@shop.example>\n\n-------SMTP command\nDATA\n\n"
            "-------original message\n" + RETURNED
        ),
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "SurfControl": (
        POSTMASTER,
        "Message non-deliverable",
        "Your message could not be sent.\nA transcript of the attempts to send the message follows.\n"
        "The number of attempts made: 1\nAddressed To: jane@shop.example\n\nMon 2 Mar 2026 10:00:00 +0100\n"
        "Failed to send to identified host,\n"
        "jane@shop.example: [192.0.2.5], 550 jane@shop.example... No such user\n"
        "--- Message non-deliverable.\n",
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "a server without a route": (
        f"Mail Delivery System <{DAEMON}>",
        "Delivery status notification",
        "      This is an automatically generated Delivery Status Notification.\n\n"
        "Delivery to the following recipients failed permanently:\n\n   * jane@shop.example\n\n"
        "                             Technical details:\n\n"
        "Routing: Could not find a gateway for jane@shop.example\n",
        "jane@shop.example",
        "5.4.4",
        "failed",
    ),
    "IMail, expired": (
        POSTMASTER,
        "Undeliverable Mail",
        "Delivery failed 20 attempts: jane@shop.example\n\nOriginal message follows.\n\n" + RETURNED,
        "jane@shop.example",
        "5.4.7",
        "failed",
    ),
    "fml, a loop": (
        "talk-admin@shop.example\nX-MLServer: fml [fml 4.0]",
        "Loop Alert: (talk ML)",
        "Duplicated Message-ID in <talk@shop.example>. Original mail as follows:\n\n" + RETURNED,
        "talk@shop.example",
        "5.4.6",
        "failed",
    ),
    "PMDF": (
        f"PMDF e-Mail Interconnect <{POSTMASTER}>",
        "Returned mail: delivery attempt failed",
        "The message could not be delivered to:\n\nAddressee: jane@shop.example\n"
        "Reason: Illegal host/domain name found.\n\n",
        "jane@shop.example",
        "5.1.2",
        "failed",
    ),
    "Messaging Server, no such host": (
        f"PMDF e-Mail Interconnect <{POSTMASTER}>",
        "Delivery Notification: Delivery has failed",
        "This report relates to a message you sent with the following header fields:\n\n"
        "  Message-id: <m1@desk.example>\n  Date: Mon, 02 Mar 2026 10:00:00 +0100\n"
        "  From: support@desk.example\n  To: jane@shop.example\n  Subject: Order 7\n\n"
        "Your message cannot be delivered to the following recipients:\n\n"
        "  Recipient address: jane@shop.example\n  Reason: Illegal host/domain name found\n",
        "jane@shop.example",
        "5.1.2",
        "failed",
    ),
    "Postfix, a loop": (
        DAEMON,
        "Undelivered Mail Returned to Sender",
        "This is the mail system at host mx.example.\n\n"
        "<jane@shop.example>: mail for shop.example loops back to myself\n",
        "jane@shop.example",
        "5.4.6",
        "failed",
    ),
    "Postfix, a command": (
        DAEMON,
        "Undelivered Mail Returned to Sender",
        "This is the mail system at host mx.example.\n\n"
        '<jane@shop.example>: Command died with status 127: "/usr/bin/procmail"\n',
        "jane@shop.example",
        "5.3.0",
        "failed",
    ),
    "MDaemon, a warning that is none": (
        "MDaemon@mx.example",
        "Warning: jane@shop.example - User unknown!",
        "The following data may contain sections which represent BASE64 encoded\nfile attachments.\n\n"
        "jane@shop.example - no such user here.\n\nThere is no user by that name at this server.\n",
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "a server that names one in the sentence": (
        POSTMASTER,
        "Undeliverable Mail",
        "User jane@shop.example is unknown.\n",
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "MailEnable, full": (
        POSTMASTER,
        "Message Delivery Failure",
        "MailEnable: Message Delivery Failure.\n\nReason: User mailbox jane@shop.example is full\n",
        "jane@shop.example",
        "5.2.2",
        "failed",
    ),
    "Mailman, to one who is no member": (
        "talk-bounces@shop.example\nX-Mailman-Version: 2.1.39",
        "Your message to Talk was rejected",
        "You are not allowed to post to this mailing list, and your message has\n"
        "been automatically rejected.  If you think that your messages are\n"
        "being rejected in error, contact the mailing list owner at\ntalk-owner@shop.example.\n",
        "",
        "5.7.1",
        "failed",
    ),
    "IronPort": (
        f"Mail Delivery System <{DAEMON}>",
        "Undeliverable Message",
        "The following message to <jane@shop.example> was undeliverable.\nThe reason for the problem:\n"
        "5.1.0 - Unknown address error 550-'5.1.1 User unknown'\n",
        "jane@shop.example",
        "5.1.0",
        "failed",
    ),
    "XMail": (
        POSTMASTER,
        "Error sending message [1234.mx] from [desk.example]",
        "<00> XMail bounce: Rcpt=[jane@shop.example];Error=[550 User unknown <jane@shop.example>]\n\n"
        "[<01>] Error sending message [1234.mx] from [desk.example].\n\nID:        <S1>\n"
        "Mail From: <support@desk.example>\nRcpt To:   <jane@shop.example>\nServer:    <mx.example>\n\n"
        "[<02>] The reason of the delivery failure was:\n\n550 User unknown <jane@shop.example>\n",
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "an X.400 gateway": (
        POSTMASTER,
        "Delivery Report (failure) for jane@shop.example",
        "This report relates to your message: Subject: Order 7,\n\tMessage-ID: <m1@desk.example>,\n"
        "\tTo: jane@shop.example\n\tof Mon, 2 Mar 2026 10:00:00 +0100\n\n"
        "Your message was not delivered to:\n\tjane@shop.example\nfor the following reason:\n"
        "\tDiagnostic was Unable to transfer, Message timed out\n\tInformation Message timed out\n",
        "jane@shop.example",
        "5.4.7",
        "failed",
    ),
    "CommuniGate": (
        DAEMON,
        "Undeliverable mail: Order 7",
        "Failed to deliver to 'jane@shop.example'\nSMTP module(domain shop.example) reports:\n"
        " host mail.shop.example says:\n 550 5.1.1 unknown user\n",
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "Courier, late": (
        '"Courier mail server at mx.example" <@>',
        "NOTICE: mail delivery status.",
        "This is a delivery status notification from mx.example,\n"
        "running the Courier mail server, version 1.0.\n\n                           DELAYED MAIL\n\n"
        "Your message to the following recipients is delayed:\n\n<jane@shop.example>:\n"
        "     450 4.2.0 greylisted\n\nDelivery will be retried.\n",
        "jane@shop.example",
        "4.2.0",
        "delayed",
    ),
    "Smail 3": (
        f"Mail Delivery System <{DAEMON}>",
        "mail failed, returning to sender",
        (
            "|------------------------- Message log follows: -------------------------|\n"
            " no valid recipients were found for this message\n"
            "|------------------------- Failed addresses follow: ---------------------|\n"
            " jane@shop.example ... unknown host\n\n"
            "|------------------------- Message text follows: ------------------------|\n" + RETURNED
        ),
        "jane@shop.example",
        "5.1.2",
        "failed",
    ),
    "1&1": (
        f'"Mail Delivery System" <{DAEMON}>',
        "Mail delivery failed: returning message to sender",
        (
            "This message was created automatically by mail delivery software.\n\n"
            "The following address failed:\n\njane@shop.example:\n"
            "SMTP error from remote server for TEXT command, host: smtp-in.shop.example (192.0.2.65) "
            "reason: 550 5.2.0 Mail rejete. Mail rejected. ofr_506 [506]\n\n"
            "--- The header of the original message is following. ---\n\n" + RETURNED
        ),
        "jane@shop.example",
        "5.2.0",
        "failed",
    ),
    "Lotus SMTP MTA": (
        f"Lotus Notes <{POSTMASTER}>",
        "Delivery Failure Report",
        "Your\nOrder 7\ndocument:\nwas not\njane@shop.example\ndelivered\nto:\nbecause:\n"
        "User jane (jane@shop.example) not listed in public Name & Address Book\n",
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
}
