"""From what was found of an object to the mask that a fill needs."""
