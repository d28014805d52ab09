"""`signlet serve` under load."""
