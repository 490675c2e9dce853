"""How Microsoft's servers begin their reports, in the tongues that they write."""

TONGUES: dict[str, tuple[str, str, str]] = {
    "English": (
        "Undeliverable: Order 7",
        "Delivery has failed to these recipients or groups:",
        "Diagnostic information for administrators:",
    ),
    "German": (
        "Unzustellbar: Order 7",
        "Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Gruppen:",
        "Diagnoseinformationen für Administratoren:",
    ),
    "French": (
        "Non remis : Order 7",
        "Échec de la remise pour les destinataires ou groupes suivants :",
        "Informations de diagnostic pour les administrateurs :",
    ),
    "French old": (
        "Non remis : Order 7",
        "La remise a échoué pour les destinataires ou listes de distribution suivants :",
        "Informations de diagnostic pour les administrateurs :",
    ),
    "Italian": (
        "Recapito non riuscito: Order 7",
        "Impossibile recapitare il messaggio ai destinatari o ai gruppi seguenti:",
        "Informazioni diagnostiche per gli amministratori:",
    ),
    "Spanish": (
        "No se puede entregar: Order 7",
        "Error de entrega a estos destinatarios o grupos:",
        "Información de diagnóstico para administradores:",
    ),
    "Portuguese": (
        "Não entregue: Order 7",
        "Falha na entrega a estes destinatários ou grupos:",
        "Informações de diagnóstico para administradores:",
    ),
    "Portuguese PT": (
        "Não é possível entregar: Order 7",
        "A entrega falhou para os seguintes destinatários ou grupos:",
        "Informações de diagnóstico para administradores:",
    ),
    "Dutch": (
        "Onbestelbaar: Order 7",
        "Uw bericht kan niet worden bezorgd bij de volgende geadresseerden of groepen:",
        "Diagnostische gegevens voor beheerders:",
    ),
    "Swedish": (
        "Det går inte att leverera: Order 7",
        "Det gick inte att leverera till följande mottagare eller grupper:",
        "Diagnostisk information för administratörer:",
    ),
    "Danish": (
        "Kan ikke leveres: Order 7",
        "Levering til følgende modtagere eller grupper mislykkedes:",
        "Diagnosticeringsoplysninger til administratorer:",
    ),
    "Norwegian": (
        "Kan ikke leveres: Order 7",
        "Kunne ikke levere til følgende mottakere eller grupper:",
        "Diagnoseinformasjon for administratorer:",
    ),
    "Finnish": (
        "Toimitus epäonnistui: Order 7",
        "Toimitus epäonnistui seuraaville vastaanottajille tai ryhmille:",
        "Diagnostiikkatiedot järjestelmänvalvojille:",
    ),
    "Polish": (
        "Niedostarczalne: Order 7",
        "Nie można dostarczyć wiadomości do następujących adresatów lub grup:",
        "Informacje diagnostyczne dla administratorów:",
    ),
    "Czech": (
        "Nelze doručit: Order 7",
        "Doručení následujícím příjemcům nebo skupinám se nezdařilo:",
        "Diagnostické informace pro správce:",
    ),
    "Hungarian": (
        "Kézbesíthetetlen: Order 7",
        "Nem sikerült kézbesíteni a következő címzetteknek vagy csoportoknak:",
        "Diagnosztikai adatok rendszergazdáknak:",
    ),
    "Turkish": (
        "Teslim Edilemedi: Order 7",
        "Şu alıcılara veya gruplara teslim edilemedi:",
        "Yöneticiler için tanılama bilgileri:",
    ),
    "Russian": (
        "Не удается доставить: Order 7",
        "Не удалось выполнить доставку следующим получателям или группам:",
        "Диагностические сведения для администраторов:",
    ),
    "Japanese": (
        "配信不能: Order 7",
        "次の受信者またはグループへの配信に失敗しました:",
        "管理者用の診断情報:",
    ),
    "Chinese": (
        "未传递: Order 7",
        "向下列收件人或组传递邮件失败:",
        "供管理员使用的诊断信息:",
    ),
    "Chinese trad": (
        "無法傳遞: Order 7",
        "無法傳遞給下列收件者或群組:",
        "系統管理員的診斷資訊:",
    ),
    "Korean": (
        "배달되지 않음: Order 7",
        "다음 받는 사람 또는 그룹에게 메시지를 배달하지 못했습니다:",
        "관리자를 위한 진단 정보:",
    ),
    "Greek": (
        "Δεν ήταν δυνατή η παράδοση: Order 7",
        "Η παράδοση απέτυχε για τους εξής παραλήπτες ή ομάδες:",
        "Διαγνωστικά στοιχεία για διαχειριστές:",
    ),
    "Romanian": (
        "Nelivrat: Order 7",
        "Livrarea nu a reușit la următorii destinatari sau grupuri:",
        "Informații de diagnosticare pentru administratori:",
    ),
    "Ukrainian": (
        "Не вдалося доставити: Order 7",
        "Не вдалося доставити таким одержувачам або групам:",
        "Діагностичні відомості для адміністраторів:",
    ),
    "Catalan": (
        "No es pot lliurar: Order 7",
        "No s'ha pogut lliurar als destinataris o grups següents:",
        "Informació de diagnòstic per als administradors:",
    ),
}
"""Of Exchange since 2007: subject, first sentence, and what stands above the code."""

STATUS_NOTICES: dict[str, tuple[str, str]] = {
    "JP": (
        "配信状態通知 (失敗)",
        "これは自動的に生成された配信状態の通知です。\n\n"
        "次の受信者への配信に失敗しました。\n\n       jane@shop.example\n",
    ),
    "FR": (
        "Notification d'état de remise (échec)",
        "Ceci est une notification d'état de remise générée automatiquement.\n\n"
        "Échec de la remise aux destinataires suivants.\n\n       jane@shop.example\n",
    ),
    "ES": (
        "Notificación de estado de entrega (Error)",
        "Esta es una notificación de estado de entrega generada automáticamente.\n\n"
        "Error de entrega a los siguientes destinatarios.\n\n       jane@shop.example\n",
    ),
    "DE": (
        "Benachrichtung zum Übermittlungsstatus (Fehlgeschlagen)",
        "Dies ist eine automatisch erstellte Benachrichtigung zum Zustellstatus.\n\n"
        "Übermittlung an folgende Empfänger fehlgeschlagen.\n\n       jane@shop.example\n",
    ),
    "PT": (
        "Notificação de status de entrega (Falha)",
        "Esta é uma notificação de status de entrega gerada automaticamente.\n\n"
        "Houve falha na entrega aos seguintes destinatários.\n\n       jane@shop.example\n",
    ),
    "IT": (
        "Notifica sullo stato del recapito (Errore)",
        "Notifica automatica sullo stato del recapito.\n\n"
        "Impossibile recapitare il messaggio ai seguenti destinatari.\n\n       jane@shop.example\n",
    ),
    "NL": (
        "Melding van de bezorgingsstatus (mislukt)",
        "Dit is een automatisch gegenereerde melding.\n\nBezorging bij de volgende ontvangers is mislukt.\n"
        "\n       jane@shop.example\n",
    ),
    "RU": (
        "Уведомление о состоянии доставки (сбой)",
        "Это автоматическое уведомление о состоянии доставки.\n\n"
        "Не удалось выполнить доставку следующим получателям.\n\n       jane@shop.example\n",
    ),
}
"""Of the SMTP service of Windows: subject and text."""

LATE: dict[str, tuple[str, str]] = {
    "German": (
        "Zustellung verzögert: Order 7",
        "Die Zustellung an die folgenden Empfänger wurde verzögert:\n\njane@shop.example\n",
    ),
    "French": (
        "Remise différée : Order 7",
        "La remise à ces destinataires ou groupes a été retardée :\n\njane@shop.example\n",
    ),
    "Spanish": (
        "Entrega retrasada: Order 7",
        "La entrega a estos destinatarios o grupos se ha retrasado:\n\njane@shop.example\n",
    ),
    "Italian": (
        "Recapito ritardato: Order 7",
        "Recapito ritardato per i destinatari seguenti:\n\njane@shop.example\n",
    ),
    "Dutch": (
        "Bezorging vertraagd: Order 7",
        "De bezorging aan de volgende geadresseerden is vertraagd:\n\njane@shop.example\n",
    ),
    "Portuguese": (
        "Entrega atrasada: Order 7",
        "A entrega a estes destinatários ou grupos está atrasada:\n\njane@shop.example\n",
    ),
    "Japanese": (
        "配信遅延: Order 7",
        "次の受信者またはグループへの配信が遅れています:\n\njane@shop.example\n",
    ),
    "Russian": (
        "Доставка задерживается: Order 7",
        "Доставка следующим получателям задерживается:\n\njane@shop.example\n",
    ),
    "Swedish": (
        "Leveransen är försenad: Order 7",
        "Leveransen till följande mottagare har försenats:\n\njane@shop.example\n",
    ),
    "Danish": (
        "Leveringen er forsinket: Order 7",
        "Leveringen til følgende modtagere er forsinket:\n\njane@shop.example\n",
    ),
    "Polish": (
        "Dostarczanie opóźnione: Order 7",
        "Dostarczanie wiadomości do tych adresatów jest opóźnione:\n\njane@shop.example\n",
    ),
}
"""Of Exchange, about what it goes on to deliver: subject and text."""
