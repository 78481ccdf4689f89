"""How many gateways run: out fast, as call slots become rare, and in slowly, as most of them have been free for long.

All of it looks at call slots, never at CPU: a caller needs a slot. Half of them are kept free, which is the headroom of two and what
callers use up while a new task starts (90 s). Where data are missing nothing is scaled; the alarm `gateway-silent` looks at that.
"""

from aws_cdk import Duration
from aws_cdk import aws_applicationautoscaling as autoscaling
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from cdk.components.shared import environment_of
from cdk.metrics import metric

FREE_SHARE = 0.5
"""Of all slots, what is kept free."""
OUT_STEPS = ((0.10, 100), (0.25, 50), (0.40, 25))
"""Free share at most -> percent more tasks, within a minute."""
IN_SHARE = 0.75
"""Free share at which tasks go, one tenth at a time; afterwards still less than 30 % of the slots are taken."""
IN_AFTER_MIN = 15


class CallScaling(Construct):
    """Between the environment's least and most tasks. Scaling in cuts no call: a task with calls is protected."""

    def __init__(
        self, scope: Construct, construct_id: str, *, cluster: ecs.ICluster, service: ecs.FargateService
    ) -> None:
        super().__init__(scope, construct_id)
        record = environment_of(self)
        self._slots = record.calls_per_task
        self._tasks = autoscaling.ScalableTarget(
            self,
            "Tasks",
            service_namespace=autoscaling.ServiceNamespace.ECS,
            scalable_dimension="ecs:service:DesiredCount",
            resource_id=f"service/{cluster.cluster_name}/{service.service_name}",
            min_capacity=record.tasks_min,
            max_capacity=record.tasks_max,
        )
        self._tasks.scale_to_track_metric(
            "KeepSlotsFree",
            # Live calls, not free slots: target tracking wants a metric that falls as tasks are added.
            custom_metric=metric(self, "LiveCalls", "Average"),
            target_value=(1 - FREE_SHARE) * self._slots,
            disable_scale_in=True,
            scale_out_cooldown=Duration.seconds(60),
        )
        self._scale_out()
        self._scale_in()

    def _scale_out(self) -> None:
        """A surge is met in one minute. Free slots also fall where gateways are overloaded with few calls."""
        action = self._action("Out", cooldown_s=60)
        threshold = OUT_STEPS[-1][0] * self._slots
        bounds = [share * self._slots - threshold for share, _ in OUT_STEPS]
        for index, (_, percent) in enumerate(OUT_STEPS):
            action.add_adjustment(
                adjustment=percent,
                lower_bound=bounds[index - 1] if index else None,
                upper_bound=bounds[index],
            )
        self._alarm(
            "SlotsRare",
            "Call slots become rare: more gateways start.",
            threshold,
            operator=cloudwatch.ComparisonOperator.LESS_THAN_OR_EQUAL_TO_THRESHOLD,
            minutes=1,
        ).add_alarm_action(actions.ApplicationScalingAction(action))

    def _scale_in(self) -> None:
        action = self._action("In", cooldown_s=IN_AFTER_MIN * 60)
        action.add_adjustment(adjustment=-10, lower_bound=0)
        self._alarm(
            "SlotsPlenty",
            "Most call slots have been free for long: gateways without calls may go.",
            IN_SHARE * self._slots,
            operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            minutes=IN_AFTER_MIN,
        ).add_alarm_action(actions.ApplicationScalingAction(action))

    def _action(self, name: str, *, cooldown_s: int) -> autoscaling.StepScalingAction:
        return autoscaling.StepScalingAction(
            self,
            name,
            scaling_target=self._tasks,
            adjustment_type=autoscaling.AdjustmentType.PERCENT_CHANGE_IN_CAPACITY,
            min_adjustment_magnitude=1,
            cooldown=Duration.seconds(cooldown_s),
            metric_aggregation_type=autoscaling.MetricAggregationType.AVERAGE,
        )

    def _alarm(
        self,
        name: str,
        description: str,
        threshold: float,
        *,
        operator: cloudwatch.ComparisonOperator,
        minutes: int,
    ) -> cloudwatch.Alarm:
        """An alarm that only scales: nobody is woken by it."""
        return cloudwatch.Alarm(
            self,
            name,
            alarm_description=description,
            metric=metric(self, "FreeCallSlots", "Average"),
            threshold=threshold,
            comparison_operator=operator,
            evaluation_periods=minutes,
            datapoints_to_alarm=minutes,
            treat_missing_data=cloudwatch.TreatMissingData.IGNORE,
        )
