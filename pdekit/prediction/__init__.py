"""Trained models at work as solvers: started, watched, judged and finished classically."""
