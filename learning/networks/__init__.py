"""What is trained: the actor-critic over model tokens and its cores over time."""
