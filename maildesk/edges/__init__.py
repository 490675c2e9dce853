"""The world: mail in, mail out. Edges carry bytes and record facts; they decide nothing."""
