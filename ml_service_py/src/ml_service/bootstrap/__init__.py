"""The composition roots, side by side: recommender and worker."""
