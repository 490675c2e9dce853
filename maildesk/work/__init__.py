"""The work: steps that loops repeat. Each step takes the clock as an argument and says how much it did."""
