"""More reports in words: gateways, providers and lists, and languages."""

from tests.core.reports import DAEMON, POSTMASTER, RETURNED

MORE: dict[str, tuple[str, str, str, str, str, str]] = {
    "Apache James": (
        POSTMASTER,
        "Re:Order 7",
        "Error message below:\n550 - Requested action not taken: no such user here\n\nMessage details:\n"
        "  Subject: Order 7\n  Sent date: Mon Mar 02 10:00:00 GMT 2026\n  MAIL FROM: support@desk.example\n"
        "  RCPT TO: jane@shop.example\n  From: support@desk.example\n  Size (in bytes): 100\n",
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "Mimecast": (
        POSTMASTER,
        "[Postmaster] Email Delivery Failure",
        "This is a delivery failure notification message indicating that\n"
        "an email you addressed could not be delivered:\n"
        "-- jane@shop.example\n\nThe problem appears to be :\n-- Recipient email address is possibly incorrect\n\n"
        "Additional information follows :\n-- 5.4.1 Recipient address rejected: Access denied.\n",
        "jane@shop.example",
        "5.4.1",
        "failed",
    ),
    "Messaging Server": (
        f"Internet Mail Delivery <{POSTMASTER}>",
        "Delivery Notification: Delivery has failed",
        "This report relates to a message you sent with the following header fields:\n\n"
        "  Message-id: <m1@desk.example>\n  Date: Mon, 02 Mar 2026 10:00:00 +0100\n  From: support@desk.example\n"
        "  To: bob@shop.example\n  Subject: Order 7\n\n"
        "Your message cannot be delivered to the following recipients:\n\n  Recipient address: jane@shop.example\n"
        "  Reason: Remote SMTP server has rejected address\n  Diagnostic code: smtp;550 5.1.1 User Unknown\n",
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "a server that answers in one sentence, after the data": (
        "Mail Server <>",
        "There was an error sending your mail",
        "We had trouble delivering your message. Full details follow:\n\nSubject: 'Order 7'\n\n1 error(s):\n\n"
        "The following recipients returned permanent errors: jane@shop.example.\n"
        "Reason: SMTP Server <192.0.2.7> refused to accept your message (DATA): [554 5.4.6 Hop count exceeded]\n",
        "jane@shop.example",
        "5.4.6",
        "failed",
    ),
    "a mobile operator": (
        "sysadmin@mms.example\nReturn-Path: <>",
        "Undeliverable Message",
        "Message could not be delivered to mobile.\nError: No valid recipients for this MM\n\nOriginal Message:\n"
        "From: support@desk.example\nTo: 15550100@mms.example\nSubject: Order 7\n"
        "Date: Mon, 02 Mar 2026 10:00:00 +0100\n",
        "15550100@mms.example",
        "5.1.1",
        "failed",
    ),
    "a provider that lists the rejected": (
        "Postmaster@mx.example",
        "Mail System Error - Returned Mail",
        "Each of the following recipients was rejected by a remote\nmail server.\n\n"
        "    Recipient: <jane@shop.example>\n    >>> RCPT TO:<jane@shop.example>\n"
        "    <<< 550 <jane@shop.example>: User unknown\n",
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "a provider that names one in a sentence": (
        "no-reply@mx.example\nReturn-Path: <>",
        "Mail delivery failed",
        "Your mail sent on: Mon, 2 Mar 2026 10:00:00 +0100\n     Could not be delivered to: <jane@shop.example>\n"
        "     As their mailbox is full.\n",
        "jane@shop.example",
        "5.2.2",
        "failed",
    ),
    "MailFoundry": (
        "postmaster@mx.example",
        "Message delivery has failed",
        "Unable to deliver message to: <jane@shop.example>\nDelivery failed for the following reason:\n"
        "Server mail.shop.example[192.0.2.7] failed with: 550 <jane@shop.example> No such user here\n\n"
        "This has been a permanent failure.  No further delivery attempts will be made.\n",
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "Notes, in Japanese": (
        POSTMASTER,
        "Undeliverable message",
        "------- Failure Reasons  --------\n\n次のユーザーはディレクトリのリストにありません\njane@shop.example\n\n"
        f"------- Returned Message --------\n\n{RETURNED}",
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "hMailServer": (
        DAEMON,
        "Message undeliverable: Order 7",
        "Your message did not reach some or all of the intended recipients.\n\n"
        "   Sent: Mon, 2 Mar 2026 10:00:00 +0100\n"
        "   Subject: Order 7\n\nThe following recipient(s) could not be reached:\n\njane@shop.example\n"
        "   Error Type: SMTP\n   Remote server (192.0.2.7) issued an error.\n"
        "   hMailServer sent: RCPT TO:<jane@shop.example>\n   Remote server replied: 550 5.1.1 no such mailbox\n",
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "MailEnable": (
        POSTMASTER,
        "Message Delivery Failure",
        "MailEnable: Message Delivery Failure.\n\nThe following recipient(s) could not be reached:\n\n"
        "        Recipient: [SMTP:jane@shop.example]\n        Reason: Remote SMTP Server Returned: 550 User unknown\n",
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "SmarterMail": (
        f"System Administrator <{POSTMASTER}>",
        "Delivery Failure",
        "Could not deliver message to the following recipient(s):\n\nFailed Recipient: jane@shop.example\n"
        "Reason: Remote host said: 550 No such user here\n\n"
        "   -- The header and top 20 lines of the message follows --\n\n" + RETURNED,
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "InterScan": (
        '"InterScan MSS" <scan@mx.example>\nReturn-Path: <>',
        "Mail could not be delivered",
        "Sent <<< RCPT TO:<jane@shop.example>\nReceived >>> 550 5.1.1 <jane@shop.example>... user unknown\n"
        "Unable to deliver message to <jane@shop.example>.\n",
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "a firewall that shows name and address": (
        DAEMON,
        "FAILURE NOTICE :",
        "  ----- The following addresses had permanent fatal errors -----\n\n"
        ">>> jane@shop.example <jane@shop.example>\n\n  ----- Transcript of session follows -----\n"
        "550 sorry, no mailbox here by that name (#5.1.1 - chkusr)\n",
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "a server that answers in one sentence": (
        "<>",
        "There was an error sending your mail",
        "We had trouble delivering your message. Full details follow:\n\nSubject: 'Order 7'\n\n1 error(s):\n\n"
        "SMTP Server <mail.shop.example> rejected recipient <jane@shop.example> (Error following RCPT command). "
        "It responded as follows: [550 5.1.1 unknown user <jane@shop.example>]\n",
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "DragonFly": (
        "MAILER-DAEMON <>",
        "Mail delivery failed",
        "This is the DragonFly Mail Agent v0.13 at mx.example.\n\n"
        "There was an error delivering your mail to <postmaster@shop.example>.\n\n"
        f"DNS lookup failure: host shop.example not found\n\nMessage headers follow.\n\n{RETURNED}",
        "postmaster@shop.example",
        "5.1.2",
        "failed",
    ),
    "smail, T-Online": (
        f"Mail Delivery System <{DAEMON}>",
        "mail failed, returning to sender",
        "|------------------------- Message log follows: -------------------------|\n"
        " no valid recipients were found for this message\n"
        "|------------------------- Failed addresses follow: ---------------------|\n <jane@shop.example>\n"
        "   552 5.2.2 <jane@shop.example> Quota exceeded (mailbox for user is full)\n"
        f"|------------------------- Message header follows: ----------------------|\n{RETURNED}",
        "jane@shop.example",
        "5.2.2",
        "failed",
    ),
    "GMX": (
        f"GMX Mailer Daemon <{DAEMON}>",
        "Mail delivery failed: returning message to sender",
        "This message was created automatically by mail delivery software.\nA message that you sent could not be "
        "delivered to\none or more of its recipients. This is a permanent error.\nThe following address failed:\n\n"
        '"jane@shop.example":\nSMTP error from remote server after RCPT command:\nhost: mail.shop.example\n'
        f"5.1.1 unknown recipient\n\n--- The header of the original message is following. ---\n\n{RETURNED}",
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "Yahoo": (
        DAEMON,
        "Failure Notice",
        "Sorry, we were unable to deliver your message to the following address.\n\n<jane@shop.example>:\n"
        "This user doesn't have a shop.example account (jane@shop.example) [0]\n\n"
        f"--- Below this line is a copy of the message.\n\n{RETURNED}",
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "Gmail": (
        "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
        "Delivery Status Notification (Failure)",
        "Delivery to the following recipient failed permanently:\n\n     jane@shop.example\n\n"
        "Technical details of permanent failure:\nGoogle tried to deliver your message, but it was rejected by the "
        "server for the recipient domain. The error that the other server returned was:\n"
        f"550 5.1.1 <jane@shop.example>: no such user\n\n----- Original message -----\n\n{RETURNED}",
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "Zoho": (
        DAEMON,
        "Undelivered Mail Returned to Sender",
        "This message was created automatically by mail delivery software.\n A message that you sent could not be "
        "delivered to one or more of its recipients. This is a permanent error.\n\n"
        "jane@shop.example Error, ERROR_CODE :421, ERROR_CODE :, Host not reachable.\n",
        "jane@shop.example",
        "4.4.7",
        "failed",
    ),
    "Yandex, in Russian": (
        "mailer-daemon@mx.example",
        "Недоставленное сообщение",
        "Это автоматическое сообщение.\n\nК сожалению, ваше письмо не может быть доставлено следующим получателям:\n\n"
        "jane@shop.example\n\n550 5.7.1 No such user!\n",
        "jane@shop.example",
        "5.7.1",
        "failed",
    ),
    "a provider in Japan": (
        f"Mail Administrator <{POSTMASTER}>",
        "メール配信エラー",
        "メールを配信できませんでした。\n\n宛先:\n\n<jane@shop.example>\n\n550 5.1.1 User unknown\n",
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "a server in Germany": (
        POSTMASTER,
        "Unzustellbar: Bestellung 7",
        "Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Verteilerlisten:\n\njane@shop.example\n"
        "Das Postfach ist voll.\n\nDiagnoseinformationen für Administratoren:\n\n#552 5.2.2 mailbox full ##\n",
        "jane@shop.example",
        "5.2.2",
        "failed",
    ),
    "a server in Brazil": (
        POSTMASTER,
        "Não entregue: Pedido 7",
        "A sua mensagem não pôde ser entregue aos seguintes destinatários:\n\njane@shop.example\n550 5.1.1 unknown\n",
        "jane@shop.example",
        "5.1.1",
        "failed",
    ),
    "fml, to one who is no member": (
        "talk-admin@shop.example\nX-MLServer: fml [fml 4.0]",
        "You support@desk.example are not member (talk ML)",
        "You are not a member of this mailing list <talk@shop.example>.\n\nFor the guide, write to\n\n"
        "    talk-ctl@shop.example\n",
        "talk@shop.example",
        "5.7.1",
        "failed",
    ),
    "a gateway that says whom to ask": (
        POSTMASTER,
        "Mail rejected",
        "If you have questions, please send mail to help@provider.example.\n\n"
        "The mail for our customer jane@shop.example was rejected: 550 5.7.1 no mail from there\n",
        "jane@shop.example",
        "5.7.1",
        "failed",
    ),
    "a server that gave up after a delay": (
        DAEMON,
        "Undelivered mail",
        "About your mail with the Message-ID <m1@desk.example>:\nAfter a delay of five days this is permanent:\n"
        "nobody answers at the host of jane@shop.example, and we will not try again.\n",
        "jane@shop.example",
        "5.0.0",
        "failed",
    ),
    "Postfix, late": (
        DAEMON,
        "Delayed Mail (still being retried)",
        "####################################################################\n"
        "# THIS IS A WARNING ONLY.  YOU DO NOT NEED TO RESEND YOUR MESSAGE. #\n"
        "####################################################################\n\n"
        "You are told again if the failure becomes permanent.\n\n"
        "<jane@shop.example>: connect to mail.shop.example[192.0.2.7]:25: Connection timed out\n",
        "jane@shop.example",
        "4.4.7",
        "delayed",
    ),
    "a server that warns": (
        DAEMON,
        "Warning: could not send message for past 4 hours",
        "    **********************************************\n    **      THIS IS A WARNING MESSAGE ONLY      **\n"
        "    **  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **\n    **********************************************\n\n"
        "   ----- The following addresses had transient non-fatal errors -----\n<jane@shop.example>\n\n"
        "   ----- Transcript of session follows -----\n"
        "451 jane@shop.example: shop.example: Name server timeout\nWill keep trying until message is 5 days old\n",
        "jane@shop.example",
        "4.4.7",
        "delayed",
    ),
    "a server that refuses the sender": (
        DAEMON,
        "Returned mail: Sender rejected",
        "   ----- Transcript of session follows -----\n550 <support@desk.example>... Sender rejected\n\n"
        f"   ----- Unsent message follows -----\n{RETURNED}",
        "jane@shop.example",
        "5.7.1",
        "failed",
    ),
    "a daemon whose words we do not know": (
        DAEMON,
        "Rahat",
        "Ny hafatra dia tsy tonga.",
        "",
        "5.0.0",
        "failed",
    ),
}
