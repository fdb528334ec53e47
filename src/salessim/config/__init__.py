"""What the user wrote: the plan's schema, its errors, the files it names."""

from salessim.config.plan import Input, Plan, json_schema, load_plan
from salessim.config.problems import PlanError
from salessim.config.scenarios import NO_SCENARIOS, PLAN_ITSELF

__all__ = ["NO_SCENARIOS", "PLAN_ITSELF", "Input", "Plan", "PlanError", "json_schema", "load_plan"]
