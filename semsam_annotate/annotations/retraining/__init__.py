"""A project's retrainings for those who start and watch them: training writes the files, nobody here needs torch."""
