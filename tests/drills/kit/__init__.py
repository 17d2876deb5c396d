"""What drills share: a cluster of real processes, the flights, traffic in the background, and the report."""
