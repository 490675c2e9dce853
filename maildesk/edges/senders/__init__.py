"""Ways out. Each takes finished bytes and says what became of them."""
