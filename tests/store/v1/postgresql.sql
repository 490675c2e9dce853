CREATE TABLE inbox (
    id BIGSERIAL NOT NULL,
    key TEXT NOT NULL,
    source_key TEXT,
    channel TEXT NOT NULL,
    envelope TEXT NOT NULL,
    evidence TEXT NOT NULL,
    received BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    size BIGINT NOT NULL,
    message_id TEXT NOT NULL,
    mid TEXT NOT NULL,
    refs TEXT NOT NULL,
    state TEXT NOT NULL,
    holder TEXT,
    alone BOOLEAN NOT NULL,
    takes INTEGER NOT NULL,
    deaths INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    trouble TEXT,
    waits_for TEXT,
    disposition TEXT,
    why TEXT,
    ticket BIGINT,
    decided BIGINT,
    policy TEXT,
    facts BYTEA,
    sender TEXT,
    subject TEXT,
    lines TEXT,
    attachments TEXT,
    PRIMARY KEY (id),
    UNIQUE (key),
    UNIQUE (source_key)
);

CREATE INDEX inbox_disposition ON inbox (disposition);

CREATE INDEX inbox_mid ON inbox (mid, sender, id);

CREATE INDEX inbox_open ON inbox (id) WHERE state in ('new', 'taken');

CREATE INDEX inbox_sha256 ON inbox (sha256, received);

CREATE INDEX inbox_ticket ON inbox (ticket);

CREATE TABLE meta (
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (name)
);

CREATE TABLE node (
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    until BIGINT NOT NULL,
    home TEXT NOT NULL,
    pid BIGINT NOT NULL,
    started BIGINT NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE outbox (
    id BIGSERIAL NOT NULL,
    once TEXT NOT NULL,
    cause TEXT NOT NULL,
    kind TEXT NOT NULL,
    channel TEXT NOT NULL,
    ticket BIGINT,
    entry TEXT NOT NULL,
    "to" TEXT NOT NULL,
    domain TEXT NOT NULL,
    person TEXT NOT NULL,
    token TEXT NOT NULL,
    generation INTEGER NOT NULL,
    unproven BOOLEAN NOT NULL,
    facts TEXT NOT NULL,
    at BIGINT NOT NULL,
    not_before BIGINT NOT NULL,
    state TEXT NOT NULL,
    holder TEXT,
    alone BOOLEAN NOT NULL,
    try INTEGER NOT NULL,
    deaths INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    trouble TEXT,
    message_id TEXT NOT NULL,
    subject TEXT,
    skeleton BYTEA,
    sha256 TEXT,
    PRIMARY KEY (id),
    UNIQUE (once)
);

CREATE INDEX outbox_cause ON outbox (cause);

CREATE INDEX outbox_domains ON outbox (kind, domain, at);

CREATE INDEX outbox_limits ON outbox (kind, "to", at);

CREATE INDEX outbox_open ON outbox (id) WHERE state in ('todo', 'ready');

CREATE INDEX outbox_ticket ON outbox (ticket);

CREATE INDEX outbox_times ON outbox (kind, at);

CREATE TABLE raw (
    id BIGSERIAL NOT NULL,
    key TEXT NOT NULL,
    z BYTEA NOT NULL,
    size BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (key)
);

CREATE TABLE sent_line (
    mid TEXT NOT NULL,
    lines TEXT NOT NULL,
    PRIMARY KEY (mid)
);

CREATE TABLE ticket (
    number BIGINT NOT NULL,
    subject TEXT NOT NULL,
    department TEXT NOT NULL,
    opened_by TEXT NOT NULL,
    status TEXT NOT NULL,
    priority TEXT NOT NULL,
    topic TEXT NOT NULL,
    assignee TEXT NOT NULL,
    source TEXT NOT NULL,
    answered BOOLEAN NOT NULL,
    created BIGINT NOT NULL,
    first_response BIGINT,
    last_customer BIGINT,
    last_agent BIGINT,
    resolved BIGINT,
    closed BIGINT,
    seq INTEGER NOT NULL,
    head TEXT NOT NULL,
    PRIMARY KEY (number)
);

CREATE INDEX ticket_created ON ticket (created);

CREATE INDEX ticket_open ON ticket (department, assignee) WHERE status <> 'closed';

CREATE TABLE alias (
    number BIGINT NOT NULL,
    ticket BIGINT NOT NULL,
    PRIMARY KEY (number),
    FOREIGN KEY(ticket) REFERENCES ticket (number)
);

CREATE TABLE attempt (
    outbox BIGINT NOT NULL,
    try INTEGER NOT NULL,
    at BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    answer TEXT NOT NULL,
    PRIMARY KEY (outbox, try),
    FOREIGN KEY(outbox) REFERENCES outbox (id)
);

CREATE TABLE entry (
    id BIGSERIAL NOT NULL,
    key TEXT NOT NULL,
    ticket BIGINT NOT NULL,
    kind TEXT NOT NULL,
    author TEXT NOT NULL,
    author_name TEXT NOT NULL,
    at BIGINT NOT NULL,
    text TEXT NOT NULL,
    new_text TEXT NOT NULL,
    message_id TEXT NOT NULL,
    proof TEXT NOT NULL,
    remark TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (key),
    FOREIGN KEY(ticket) REFERENCES ticket (number)
);

CREATE INDEX entry_ticket ON entry (ticket, id);

CREATE TABLE event (
    ticket BIGINT NOT NULL,
    seq INTEGER NOT NULL,
    cause TEXT NOT NULL,
    kind TEXT NOT NULL,
    at BIGINT NOT NULL,
    data TEXT,
    salt TEXT,
    digest TEXT NOT NULL,
    prev TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (ticket, seq),
    FOREIGN KEY(ticket) REFERENCES ticket (number)
);

CREATE TABLE generation (
    ticket BIGINT NOT NULL,
    person TEXT NOT NULL,
    kind TEXT NOT NULL,
    generation INTEGER NOT NULL,
    PRIMARY KEY (ticket, person, kind),
    FOREIGN KEY(ticket) REFERENCES ticket (number)
);

CREATE TABLE link (
    id BIGSERIAL NOT NULL,
    ticket BIGINT NOT NULL,
    kind TEXT NOT NULL,
    other BIGINT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(ticket) REFERENCES ticket (number)
);

CREATE INDEX link_ticket ON link (ticket);

CREATE TABLE mid (
    hash TEXT NOT NULL,
    ticket BIGINT NOT NULL,
    role TEXT NOT NULL,
    person TEXT NOT NULL,
    PRIMARY KEY (hash, ticket, role),
    FOREIGN KEY(ticket) REFERENCES ticket (number)
);

CREATE TABLE participant (
    id BIGSERIAL NOT NULL,
    ticket BIGINT NOT NULL,
    address TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    answer_at TEXT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (ticket, address),
    FOREIGN KEY(ticket) REFERENCES ticket (number)
);

CREATE INDEX participant_address ON participant (address);

CREATE TABLE tag (
    ticket BIGINT NOT NULL,
    tag TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (ticket, tag),
    FOREIGN KEY(ticket) REFERENCES ticket (number)
);

CREATE TABLE attachment (
    id BIGSERIAL NOT NULL,
    entry TEXT NOT NULL,
    part TEXT NOT NULL,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    size BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    cid TEXT NOT NULL,
    inline BOOLEAN NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(entry) REFERENCES entry (key)
);

CREATE INDEX attachment_entry ON attachment (entry);
