"""What may be asked of a decorated function without calling it: its key, its runs, why it would run, its job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .binding import bind
from .context import RunRef
from .decisions import Question
from .plan import Kind, Options

if TYPE_CHECKING:

    class State:
        """What a wrapper holds."""

        __wrapped__: Any
        _self_kind: Kind
        _self_options: Options
        _self_carried: RunRef | None

else:
    State = object  # a class with annotations would hide those of the function that it wraps


class Asked(State):
    """What a decorated function and its bound method have in common."""

    def untracked(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function itself, without a run."""
        return self.__wrapped__(*args, **kwargs)

    def key(self, *args: Any, **kwargs: Any) -> str:
        """The key by which this call is recognised: 64 hex digits.

        Raises:
            TypeError: the call does not fit the function.
            IdentityError: an argument has no canonical form.
        """
        from .calls import key_of  # noqa: PLC0415 - identity is loaded with the first call, not with `import tracked`

        kind, fn = self._kind_here(), self.__wrapped__
        return key_of(kind, self._options_here(), bind(kind, fn, None, args, kwargs), fn).hash

    def find(self, *args: Any, **kwargs: Any) -> list[Any]:
        """The runs of this very call, the newest first, as MLflow's objects.

        Raises:
            TypeError: the call does not fit the function.
            IdentityError: an argument has no canonical form.
            BackendUnavailable: the store does not answer.
        """
        from .explaining import runs_of  # noqa: PLC0415 - as above

        return runs_of(self._question(args, kwargs))

    def runs(self) -> list[Any]:
        """All runs of this function in the experiment of the set-up, the newest first, as MLflow's objects.

        Raises:
            BackendUnavailable: the store does not answer.
        """
        from .explaining import runs_of_function  # noqa: PLC0415 - as above

        return runs_of_function(self.__wrapped__)

    def explain(self, *args: Any, **kwargs: Any) -> Any:
        """Whether this call would be reused, and why; as text, a few lines.  Nothing is run.

        Raises:
            TypeError: the call does not fit the function.
            IdentityError: an argument has no canonical form.
        """
        from .explaining import verdict  # noqa: PLC0415 - as above

        return verdict(self._question(args, kwargs))

    def submit(
        self,
        ml_client: Any = None,
        *,
        compute: str = "",
        environment: Any = None,
        inputs: Mapping[str, Any] | None = None,
        dry_run: bool = False,
        code: Any = None,
        early_termination: Mapping[str, Any] | None = None,
        **job: Any,
    ) -> Any:
        """Make this call in a job of Azure ML; a sweep with a ``space`` becomes a sweep job.

        Args:
            ml_client: of ``create_ml_client_from_config``.
            compute: name of a compute target; serverless if empty.
            environment: ``azureml:NAME:VERSION`` or the like, with ``tracked[azure-tracking]`` in it.
            inputs: the arguments: JSON, or data as ``{"type": "uri_folder", "path": ...}`` or ``azure.ai.ml.Input``.
            dry_run: only tell the job's YAML; no network is used.
            code: folder to send along; by default the one that the function's module is imported from.
            early_termination: of a sweep: a policy as in the YAML.
            **job: further fields of the job's YAML: ``outputs``, ``environment_variables``, ``resources``,
                ``queue_settings``, ``identity``, ``tags``...

        Returns:
            The job, which stands for its run; with ``dry_run``, its YAML.

        Raises:
            ConfigError: it cannot be submitted; the message says what to change.
            TypeError: the arguments do not fit the function.
            LoginRefused, BackendUnavailable: the workspace does not take it.
        """
        from . import submitting  # noqa: PLC0415 - only who submits pays

        given = submitting.given(inputs or {})
        question = self._question((), given.known)
        where = submitting.place(compute, environment, given, job)
        made = submitting.job_of(question, given, where, code, early_termination)
        return submitting.shown(made) if dry_run else submitting.submit(ml_client, made)

    def _question(self, args: Any, kwargs: Any) -> Question:
        from .calls import plan_of  # noqa: PLC0415 - as above

        kind, options, fn = self._kind_here(), self._options_here(), self.__wrapped__
        call = bind(kind, fn, None, args, kwargs)
        return Question(kind, options, call, fn, plan_of(kind, options, call, fn))

    def _kind_here(self) -> Kind:
        raise NotImplementedError

    def _options_here(self) -> Options:
        raise NotImplementedError
