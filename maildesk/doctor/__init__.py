"""Doctor: looks a desk over, and says what is wrong and what to do about it. It changes nothing."""
