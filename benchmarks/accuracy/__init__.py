"""How often a recipe is right about people whom it has never seen."""
