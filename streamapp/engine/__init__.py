"""What a record means: plans, tasks and operators. Pure; knows no disk, socket or clock."""
