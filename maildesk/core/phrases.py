"""Phrases: the words by which mail clients mark what is not new text, in the languages that they speak.

Each is a piece of a regular expression for one line, case ignored. The clients: Gmail, Outlook, Apple Mail,
Thunderbird, Yahoo, Zimbra, Lotus Notes, phones, and web mailers of single countries.
"""

WROTE = (
    r"wrote|writes|schrieb|geschrieben|a [ée]crit|[ée]crit|escribi[óo]|ha escrit|va escriure|escribiu"
    r"|ha scritto|scrisse|schreef|geschreven|escreveu|skrev|skrifaði|kirjoitti|kirjutas|rakstīja|rašė"
    r"|napisał\(a\)|napisała?|pisze|napsal\(a\)|napsala?|napísal\(a\)|napísala?|napisao(?: je|/la)?"
    r"|napisala?|написал\(а\)|написала?|написав\(ла\)|написав|написа|пише|пишет|írta|a scris|yazdı|έγραψε"
    r"|כתב/ה|כתבה?|كتبت?|نوشت|đã viết|viết|เขียนว่า|menulis|写道|寫道|书写|のメッセージ|のメール"
    r"|書きました|님이 작성|님이 쓴 글"
)
"""The verb of "On Tuesday, Jane wrote:"."""

BEFORE_DATE = (
    r"on|at|am|le|el|il|il giorno|op|em|a|den|dnia|dne|dňa|w dniu|pe|în|kl|in data|la|på|v|vào|pada|στις"
    r"|в|на|у|ב|בתאריך|في|在|於|于"
)
"""What stands before the date there."""

DAYS = (
    r"mon|tue|wed|thu|fri|sat|sun|man|tir|ons|tor|fre|lør|søn|lör|sön|mån|tis|mo|di|mi|do|fr|sa|so|lun|mar|mer"
    r"|jeu|ven|sam|dim|lu|mi[ée]|jue|vie|s[áa]b|dom|seg|ter|qua|qui|sex|gio|mer|ma|wo|vr|za|zo|pon|wt|śr|czw|pt"
    r"|sob|niedz|po|út|st|čt|pá|ne|ut|št|pi|ma|ti|ke|to|pe|la|su|пн|вт|ср|чт|пт|сб|вс|нд|пон|вів|сер|чет|пʼят"
)
"""The beginnings of the names of days."""

FROM = (
    r"from|von|absender|de|de la|da|van|afzender|od|odesílatel|odosielateľ|fra|från|avsändare|expéditeur"
    r"|remitente|remetente|mittente|kimden|gönderen|от|від|подател|lähettäjä|feladó|expeditor|saatja|pošiljatelj"
    r"|šalje|από|מאת|من|từ|người gửi|dari|发件人|寄件者|寄件人|差出人|送信者|보낸 사람|보낸사람|발신|보낸이"
)
"""The field of the sender in the header that a client shows above an earlier mail."""

SENT = (
    r"sent|message du|gesendet|envoyé(?: le)?|date d.envoi|enviado(?: el| em)?|enviada(?: em)?|inviato|verzonden"
    r"|wysłano|wysłane|data wysłania|sendt|skickat|odesláno|odoslané|elküldve|küldve|отправлено|надіслано"
    r"|изпратено|lähetetty|gönderme(?: tarihi)?|gönderildi|trimis|poslano|saatmisaeg|đã gửi|gửi|dikirim"
    r"|στάλθηκε|נשלח|تاريخ الإرسال|发送时间|寄件日期|傳送日期|送信日時|送信日|보낸 날짜|보낸 시간"
)
SUBJECT = (
    r"subject|betreff|objet|sujet|asunto|assunto|assumpte|oggetto|ogg|onderwerp|temat|emne|ämne|předmět"
    r"|predmet|tárgy|тема|aihe|otsikko|konu|subiect|zadeva|naslov|teema|chủ đề|tiêu đề|subjek|perihal|θέμα"
    r"|נושא|الموضوع|主题|主題|主旨|件名|제목"
)
MORE = (
    r"date|datum|fecha|data|dato|dátum|дата|päivämäärä|päiväys|tarih|ngày|tanggal|ημερομηνία|תאריך|التاريخ"
    r"|日期|日時|날짜"
    r"|to|an|à|a|para|aan|do|til|till|komu|кому|vastaanottaja|címzett|kime|alıcı|către|za|prima|primatelj"
    r"|saaja|đến|tới|kepada|προς|אל|إلى|收件人|收件者|宛先|받는 사람|받는사람"
    r"|cc|copie(?: à)?|copia|kopie|kopia|kopi|kopio|másolatot kap|bilgi|копия|копія|dw|kópia|抄送|副本|참조"
    r"|reply-to|antwort an|répondre à|importance|wichtigkeit|priority|attachments|anlagen"
)
"""The other fields of that header."""

FORM = (
    r"name|first name|last name|company|phone|telephone|tel|message|comments?|vorname|nachname|firma|telefon|nachricht"
    r"|nom|prénom|société|téléphone|nombre|teléfono|mensaje|nome|telefono|messaggio|naam|telefoon|bericht|telefone"
    r"|mensagem|imię|wiadomość"
)
"""Fields of forms, which no header of a mail has."""

ORIGINAL = (
    r"original message|original email|original mail|reply message|original appointment"
    r"|ursprüngliche (?:nachricht|e-mail|mail)|original-?nachricht|original-mail|message d['’]origine"
    r"|mail original|message original|courrier original|mensaje original|correo original|missatge original"
    r"|mensagem original|messaggio originale|oorspronkelijk bericht|originele bericht|origineel bericht"
    r"|oprindelig (?:meddelelse|besked|mail)|original ?meddelelse|originalmeddelande|ursprungligt meddelande"
    r"|ursprungligt mejl|opprinnelig (?:melding|e-post)|alkuperäinen viesti|oryginalna wiadomość"
    r"|wiadomość oryginalna|původní (?:zpráva|e-mail)|pôvodná správa|izvorna poruka|originalna poruka"
    r"|izvirno sporočilo|исходное сообщение|оригинальное сообщение|оригінальне повідомлення"
    r"|вихідне повідомлення|оригинално съобщение|eredeti üzenet|mesaj original|mesajul original|orijinal mesaj"
    r"|orijinal ileti|αρχικό μήνυμα|הודעה מקורית|الرسالة الأصلية|thư gốc|pesan asli|originální (?:zpráva|e-mail)"
    r"|原始邮件|邮件原件|原始郵件"
    r"|原始信件|原邮件|元のメッセージ|원본 메시지|원본 메일|원본 이메일|original message processed by david.{0,20}"
)
"""What stands between dashes above a whole earlier mail."""

MESSAGE_FROM = (
    r"message from|nachricht von|message de|messaggio da|mensaje de|mensagem de|bericht van|besked fra|melding fra"
    r"|meddelande från|wiadomość od|zpráva od|сообщение от"
)
"""How Horde begins that line, with who wrote it."""
FORWARDED = (
    r"(?:original )?forwarded message|forwarded (?:mail|email)|forwarded by"
    r"|weitergeleitete (?:nachricht|mail)|message (?:transféré|réexpédié)|mensaje reenviado"
    r"|missatge reenviat|messaggio inoltrato|doorgestuurd bericht|mensagem encaminhada"
    r"|videresendt (?:meddelelse|besked|melding|e-post)|vidarebefordrat (?:meddelande|mejl)"
    r"|välitetty viesti|edelleenlähetetty viesti|(?:wiadomość przekazana dalej|przekazana wiadomość)"
    r"|přeposlaná zpráva|preposlaná správa|proslijeđena poruka|posredovano sporočilo"
    r"|пересылаемое сообщение|пересланное сообщение|переслане повідомлення|препратено съобщение"
    r"|továbbított üzenet|mesaj redirecționat|yönlendirilen ileti|iletilen mesaj|προωθημένο μήνυμα"
    r"|הודעה שהועברה|رسالة معاد توجيهها|thư đã chuyển tiếp|pesan terusan|转发的邮件|转发邮件"
    r"|轉寄郵件|轉寄的郵件|転送メッセージ|転送されたメッセージ|전달된 메시지|전달된 메일"
)
"""What stands between dashes above a mail that is passed on."""

BEGIN_FORWARD = (
    r"begin forwarded message|anfang der weitergeleiteten (?:nachricht|e-mail)"
    r"|début du message (?:transféré|réexpédié)|inicio del mensaje reenviado|inizio messaggio inoltrato"
    r"|begin doorgestuurd bericht|início da mensagem (?:reencaminhada|encaminhada)"
    r"|start på videresendt besked|videresendt melding|vidarebefordrat mejl|välitetty viesti alkaa"
    r"|początek przekazywanej wiadomości|začátek přeposílané zprávy|начало переадресованного сообщения"
    r"|以下是转发的邮件|下面是被转发的邮件|開始轉寄郵件|転送されたメッセージ|전달된 메시지 시작"
)
"""Apple Mail's line above one."""

REPLY_ABOVE = (
    r"(?:reply|respond|answer|write|type your reply|type your response).{0,40}above th(?:is|e) line"
    r"|antwort.{0,60}(?:oberhalb|über) dieser (?:linie|zeile)|au-dessus de cette ligne"
    r"|por encima de esta línea|acima desta linha|sopra questa (?:riga|linea)|boven deze (?:regel|lijn)"
    r"|over denne linje|ovanför den här raden|over denne linjen|tämän rivin yläpuolelle|powyżej tej linii"
    r"|nad tento řádek|выше этой (?:строки|линии)|вище цього рядка|この行より上|在此行上方"
)
"""A help desk's "reply above this line"."""

ABOVE_LINE = (
    "is line", "he line", "IS LINE", "dieser Li", "dieser Ze", "cette ligne", "esta l", "questa ", "deze r", "deze l",
    "denne li", "här raden", "rivin", "tej linii", "tento ř", "этой ", "цього р", "この行", "在此行",
)  # fmt: skip
"""Letters of which some stand in each of these, to look for first."""

BY_PHONE = (
    r"sent (?:from|with|via|using) .{2,90}|sent by (?:galaxy|samsung|mobile|phone|outlook).{0,40}"
    r"|from my (?:iphone|ipad|android|blackberry|phone|mobile|samsung|galaxy).{0,30}"
    r"|get \[?outlook for .{2,80}|gesendet (?:von|vom|mit|über|aus) .{2,60}"
    r"|von (?:meinem|unterwegs).{0,40}(?:gesendet|gesandt)|vom (?:meinem|unterwegs|mobil).{0,40}(?:gesendet|gesandt)"
    r"|diese (?:nachricht|e-mail) wurde von meinem .{2,60}|outlook für (?:ios|android) .{2,60}"
    r"|envoyé (?:de|depuis|à partir|avec) .{2,60}|télécharger outlook pour .{2,60}"
    r"|obtenez outlook pour .{2,60}|enviado (?:desde|do|de|a partir|con|com|pelo) .{2,60}"
    r"|enviada? (?:do|pelo|des de) .{2,60}|enviat des d.{2,60}|obtener outlook para .{2,60}"
    r"|obter o outlook para .{2,60}|inviato (?:da|dal|con) .{2,60}|scarica outlook per .{2,60}"
    r"|ottieni outlook per .{2,60}|verzonden (?:vanaf|vanuit|met|via) .{2,60}|verstuurd vanaf .{2,60}"
    r"|(?:outlook voor|download outlook voor) .{2,60}|skickat från .{2,60}|hämta outlook för .{2,60}"
    r"|sendt (?:fra|med) .{2,60}|hent outlook (?:til|for) .{2,60}|få outlook (?:til|for) .{2,60}"
    r"|lähetetty .{2,60}(?:sta|lta|stä|ltä)|hanki outlook .{2,60}|wysłan[eo] (?:z|przy użyciu) .{2,60}"
    r"|pobierz (?:program )?outlook .{2,60}|odesláno z .{2,60}|odoslané z .{2,60}|poslano (?:iz|z|s) .{2,60}"
    r"|отправлено (?:с|из) .{2,60}|надіслано з .{2,60}|изпратено от .{2,60}|elküldve .{2,60}"
    r"|iphone-omról küldve.{0,30}|trimis de pe .{2,60}|.{2,40}(?:dan|den|ımdan|imden) gönderildi"
    r"|στάλθηκε από .{2,60}|נשלח מה.{2,60}|أرسلت من .{2,60}|được gửi từ .{2,60}|dikirim dari .{2,60}"
    r"|发自我的\s?.{2,30}|來自我的\s?.{2,30}|從我的\s?.{2,20}(?:傳送|发送)|.{2,20}から送信"
    r"|(?:나의|내) .{2,20}에서 (?:보냄|전송)"
    r"|(?:holen sie sich|obtenir|obtenga|obtenha o|télécharger|скачать|загрузить|получить|获取|取得) outlook .{2,80}"
    r"|pobierz aplikację outlook .{2,80}|(?:ios|android) 版 outlook を入手.{0,60}|provenance : courrier pour .{2,40}"
    r"|أُرسلت من .{2,60}|ส่งจาก .{2,60}|đã gửi từ .{2,60}"
    r"|从我的\s?.{2,20}(?:传送|发送)"
)
"""The line that a phone or a mail app adds about itself."""

DEVICE = (
    r"phon|fon\b|i-?pad|ipod|i-?mac|macbook|\bios\b|android|galaxy|samsung|blackberry|huawei|honor|xiaomi|redmi|oppo"
    r"|vivo\b|oneplus|pixel|xperia|motorola|nokia|\bhtc\b|\blg\b|nexus|tablet|handy|handheld|wireless|device|gerät"
    r"|unterwegs ges|mobi|móvil|cellular|celular|appareil|dispositiv|apparaat|toestel|enhet|enhed|urządzeni|zařízen"
    r"|zariaden|устройств|пристро|айфон|cihaz|eszköz|laite|συσκευή|携帯|スマート|手机|手機|휴대|스마트"
    r"|outlook|windows|yahoo|\baol\b|gmail|mail|proton|tuta|k-9|thunderbird|icloud|hotmail|\bgmx\b|web\.de|yandex|яндекс"
    r"|почт|пошт|superhuman|boxer|\bspark\b|airmail|missive|zoho|hey\.com|freenet"
    r"|t-online|vodafone|verizon|t-mobile|at&t|app\b"
)
"""What such a line names: a device, or a program that writes mail."""

SPEAKS = r"(?-i:I)(?! dag\b)|i['’](?:m|ll|ve|d)|me|my|ich|mir|mich|mein\w{0,2}|j['’]\w{2,20}|moi|yo|ik|jag|jeg|я|мне"
"""Words by which somebody speaks of themselves: no program that writes mail does."""

SPEAKS_TO = (
    r"you|your|he|she|they|we|our|us|wir|uns|ihr|ihnen|sie|nous|vous|votre|usted(?:es)?|wij|jullie|uw|мы|вы"
)
"""Words by which somebody speaks to us, or for others too."""

LIST_FOOTER = r".{0,60}(?:mailing list|unsubscribe|listinfo|abbestellen|désabonner|desuscribir)\b"
"""What stands below the rule above the foot that a mailing list adds."""
