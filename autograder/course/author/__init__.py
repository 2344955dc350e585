"""From the texts in source/ to notebooks and releases, and what holds them to the rules."""
