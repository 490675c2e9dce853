"""The pure core: decisions about mail as functions of data. No files, sockets, database, clock or randomness."""
