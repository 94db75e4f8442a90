import keras
import numpy as np
import pytest
import tensorflow as tf

import kerasgen
from kerasgen.training import PlayerOptimizers
from kerasgen.training import assign_optimizers
from kerasgen.training.optimizers import forget_moments

Adam, RMSprop, SGD = (getattr(keras.optimizers, n) for n in ("Adam", "RMSprop", "SGD"))


def variable(value=0.0):
    return keras.Variable(value, dtype="float32")


def two_players():
    return PlayerOptimizers({"generator": Adam(0.1), "critic": RMSprop(0.2)})


def defaults():
    return {"generator": Adam(0.1), "discriminator": Adam(0.2)}


def rates(group):
    return {p: round(float(o.learning_rate), 6) for p, o in group.players.items()}


class TestPlayerOptimizers:
    def test_bind_builds_every_optimizer_for_its_own_variables(self):
        group = two_players()
        first, second, third = variable(), variable([1.0, 2.0]), variable()
        group.bind({"generator": [first, second], "critic": [third]})
        assert group.built and group["generator"].built and group["critic"].built
        # Adam: iteration, rate, and two moments of each variable; RMSprop: one
        assert len(group["generator"].variables) == 2 + 2 * 2
        assert len(group["critic"].variables) == 2 + 1
        group["critic"].apply([np.float32(1.0)], [third])
        assert float(third) < 0 == float(first)

    def test_variables_are_those_of_all_players_each_once(self):
        group = two_players()
        group.bind({"generator": [variable()], "critic": [variable()]})
        ids = [id(v) for v in group.variables]
        assert len(ids) == len(set(ids))
        for optimizer in group.players.values():
            assert {id(v) for v in optimizer.variables} < set(ids)
        assert id(group.iterations) in ids

    def test_a_users_own_scaling_comes_back(self):
        own = keras.optimizers.LossScaleOptimizer(Adam(0.1), initial_scale=64.0)
        group = PlayerOptimizers({"own": own, "other": Adam(0.1)})
        group.scale_losses()
        again = PlayerOptimizers.from_config(group.get_config())
        assert again["own"].initial_scale == 64.0
        assert again["own"].inner_optimizer.name == "own"
        assert type(again["other"]) is type(group["other"].inner_optimizer)

    def test_binding_again_keeps_the_moments(self):
        group, weight = PlayerOptimizers({"only": Adam(0.1)}), variable()
        group.bind({"only": [weight]})
        group["only"].apply([np.float32(1.0)], [weight])
        before = [v.numpy() for v in group["only"].variables]
        group.bind({"only": [weight]})
        assert [v.numpy() for v in group["only"].variables] == before
        assert int(group["only"].iterations) == 1

    def test_its_own_state_comes_back(self):
        group, other, store = two_players(), two_players(), {}
        for each in (group, other):
            each.bind({"generator": [variable()], "critic": [variable()]})
        group._iterations.assign(7)
        group.save_own_variables(store)
        other.load_own_variables(store)
        assert int(other._iterations) == 7

    def test_build_before_bind_says_what_to_do(self):
        with pytest.raises(RuntimeError, match=r"Call bind\(\)"):
            two_players().build([variable()])

    def test_a_gradient_without_a_player_is_refused(self):
        group, weight = two_players(), variable()
        group.bind({"generator": [weight], "critic": []})
        with pytest.raises(RuntimeError, match=r"apply one.*\['critic', 'generator'\]"):
            group.apply([np.float32(1.0)], [weight])
        with pytest.raises(RuntimeError, match="no single gradient"):
            group.apply_gradients([(np.float32(1.0), weight)])
        assert float(weight) == 0.0

    @pytest.mark.parametrize("scaled", [False, True])
    def test_config_round_trip(self, scaled):
        group = PlayerOptimizers(
            {"generator": Adam(0.1, beta_1=0.5), "critic": RMSprop(0.2, rho=0.7)},
            name="both",
        )
        if scaled:
            group.scale_losses()
        serialized = keras.saving.serialize_keras_object(group)
        assert serialized["registered_name"] == "kerasgen>PlayerOptimizers"
        revived = keras.saving.deserialize_keras_object(serialized)
        assert type(revived) is PlayerOptimizers and revived.name == "both"
        assert list(revived.players) == ["generator", "critic"]
        # Loss scaling is added again by the model that compiles.
        assert [type(o) for o in revived.players.values()] == [Adam, RMSprop]
        assert revived["generator"].beta_1 == 0.5 and revived["critic"].rho == 0.7
        assert rates(revived) == {"generator": 0.1, "critic": 0.2}
        assert revived.get_config() == group.get_config()

    def test_the_rate_of_the_only_player_is_the_rate(self):
        group = PlayerOptimizers({"only": Adam(0.1)})
        assert float(group.learning_rate) == pytest.approx(0.1)
        group.learning_rate = 0.25
        assert float(group["only"].learning_rate) == 0.25

    def test_several_players_have_no_single_rate(self):
        group = two_players()
        message = r"optimizer\[player\]\.learning_rate with .*\['critic', 'generator'\]"
        with pytest.raises(AttributeError, match=message):
            group.learning_rate  # noqa: B018
        with pytest.raises(AttributeError, match=message):
            group.learning_rate = 0.5
        assert not hasattr(group, "learning_rate")
        assert rates(group) == {"generator": 0.1, "critic": 0.2}

    def test_scaling_losses_twice_wraps_once(self):
        group = two_players()
        group.scale_losses()
        wrapped = dict(group.players)
        group.scale_losses()
        assert group.players == wrapped
        scales = list(wrapped.values())
        assert [type(o.inner_optimizer) for o in scales] == [Adam, RMSprop]
        assert len({o.name for o in scales}) == 2

    def test_averaged_weights_go_to_their_own_player(self):
        averaged = SGD(1.0, use_ema=True, ema_momentum=0.5)
        group = PlayerOptimizers({"critic": SGD(1.0), "generator": averaged})
        first, second = variable(7.0), variable(0.0)
        group.bind({"critic": [first], "generator": [second]})
        for _ in range(2):
            group["generator"].apply([np.float32(-1.0)], [second])
        # Weights 1, 2; the average starts at 1.
        group.finalize_variable_values([first, second])
        assert (float(first), float(second)) == (7.0, 1.5)

    def test_a_player_that_did_not_move_keeps_its_weights(self):
        group = PlayerOptimizers({"critic": SGD(1.0, use_ema=True)})
        weight = variable(7.0)
        group.bind({"critic": [weight]})
        (average,) = group["critic"]._model_variables_moving_average
        assert float(average) == 7.0
        average.assign(0.0)  # as of weights that came later
        group.finalize_variable_values([weight])
        assert float(weight) == 7.0

    def test_its_steps_and_state_are_those_of_its_players(self):
        groups = []
        for _ in range(2):
            group, critic = two_players(), variable()
            group.bind({"generator": [variable()], "critic": [critic]})
            groups.append((group, critic))
        (group, critic), (other, _) = groups
        for _ in range(3):
            group["critic"].apply([np.float32(1.0)], [critic])
        assert int(group.iterations) == 3
        other.set_weights([v.numpy() for v in group.variables])
        assert int(other.iterations) == 3
        with pytest.raises(ValueError, match="zip"):
            other.set_weights([])


class TestKerasSchedulers:
    def test_a_model_of_one_player_follows_a_schedule(self, digits):
        model = kerasgen.CVAE(latent_dim=2, width=4)
        schedule = keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 / 2**epoch)
        history = model.fit(
            digits[0][:8], batch_size=8, epochs=2, verbose=0, callbacks=[schedule]
        )
        rates_used = history.history["learning_rate_autoencoder"]
        assert rates_used == pytest.approx([0.1, 0.05])
        assert rates(model.optimizer) == {"autoencoder": 0.05}

    @pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
    def test_it_sets_every_player_of_a_game(self, digits, policy):
        model = kerasgen.DCGAN(latent_dim=2, width=4, dtype=policy)
        schedule = keras.callbacks.LearningRateScheduler(lambda epoch, rate: 0.125)
        model.fit(digits[0][:8], batch_size=8, verbose=0, callbacks=[schedule])
        found = [float(o.learning_rate) for o in model.optimizer.optimizers]
        assert found == [0.125, 0.125]


class TestAssignOptimizers:
    def test_auto_is_the_defaults(self):
        given = defaults()
        assert assign_optimizers("auto", given).players == given

    @pytest.mark.parametrize("optimizer", ["rmsprop", RMSprop()])
    def test_a_name_or_one_optimizer_is_cloned(self, optimizer):
        players = assign_optimizers(optimizer, defaults()).players
        assert list(players) == ["generator", "discriminator"]
        assert [type(o) for o in players.values()] == [RMSprop, RMSprop]
        assert players["generator"] is not players["discriminator"]
        assert optimizer not in players.values()

    def test_a_clone_has_the_settings_of_the_original(self):
        decay = keras.optimizers.schedules.ExponentialDecay(0.3, 10, 0.5)
        group = assign_optimizers(Adam(decay, beta_1=0.5, clipnorm=2.0), defaults())
        for optimizer in group.players.values():
            assert (optimizer.beta_1, optimizer.clipnorm) == (0.5, 2.0)
            assert float(optimizer.learning_rate) == pytest.approx(0.3)

    def test_a_clone_has_what_no_config_holds(self):
        given = keras.optimizers.AdamW(1e-3, weight_decay=0.5)
        given.exclude_from_weight_decay(var_names=["bias"])
        scaled = keras.optimizers.LossScaleOptimizer(given)
        bias, kernel = (keras.Variable(0.0, name=name) for name in ("bias", "kernel"))
        for optimizer in (given, scaled):
            for clone in assign_optimizers(optimizer, defaults()).players.values():
                inner = getattr(clone, "inner_optimizer", clone)
                assert not inner._use_weight_decay(bias)
                assert inner._use_weight_decay(kernel)

    def test_what_cannot_be_cloned_says_so(self):
        class Mine(keras.optimizers.schedules.LearningRateSchedule):
            def __call__(self, step):
                return 0.1

        with pytest.raises(ValueError, match="one Adam for every player.*a dict from"):
            assign_optimizers(Adam(Mine()), defaults())
        group = assign_optimizers({"generator": Adam(Mine())}, defaults())
        assert list(group.players) == ["generator", "discriminator"]

    def test_a_dict_changes_the_players_that_it_names(self):
        given, mine = defaults(), SGD(0.5)
        group = assign_optimizers({"discriminator": mine}, given)
        assert group["discriminator"] is mine
        assert group["generator"] is given["generator"]
        assert list(group.players) == ["generator", "discriminator"]

    def test_names_in_a_dict(self):
        group = assign_optimizers(
            {"generator": "sgd", "discriminator": "sgd"}, defaults()
        )
        assert [type(o) for o in group.players.values()] == [SGD, SGD]

    def test_a_group_gives_its_players(self):
        group = PlayerOptimizers({"generator": SGD(0.5), "discriminator": SGD(0.6)})
        again = assign_optimizers(group, defaults())
        assert again is not group and again.players == group.players

    @pytest.mark.parametrize(
        ("optimizer", "message"),
        [
            (
                {"generatr": "adam"},
                r"player 'generatr'; .*\['discriminator', 'generator'\].*"
                r"Did you mean 'generator'\?",
            ),
            ({"actor": "adam"}, r"player 'actor'; .*'generator'\]\.$"),
            ({3: "adam"}, "player 3; the players"),
            (None, 'None as the optimizer of every player.*Pass "auto"'),
            ({"generator": None}, "None as the optimizer of 'generator'"),
            ("adamm", "adamm"),
            (Adam(-0.1), r"learning_rate=-0\.1.*for every player; expected a number"),
            (Adam(float("inf")), "learning_rate=inf for every player"),
            ({"generator": Adam(float("nan"))}, "learning_rate=nan for 'generator'"),
        ],
    )
    def test_bad_optimizers(self, optimizer, message):
        with pytest.raises(ValueError, match=message):
            assign_optimizers(optimizer, defaults())

    def test_a_rate_of_zero_freezes_a_player(self):
        chosen = assign_optimizers({"generator": Adam(0.0)}, defaults())
        assert float(chosen["generator"].learning_rate) == 0.0

    def test_one_object_for_two_players(self):
        both = Adam()
        with pytest.raises(ValueError, match="same optimizer object for two players"):
            assign_optimizers({"generator": both, "discriminator": both}, defaults())


def test_moments_that_begin_as_the_weights_do_so_again():
    weight = keras.Variable(np.full(3, 7.0), dtype="float32")
    optimizer = keras.optimizers.ScheduleFreeAdamW(0.01)
    optimizer.build([weight])
    optimizer.apply([np.ones(3, "float32")], [weight])
    forget_moments(optimizer, tf.constant(True))
    optimizer.apply([np.ones(3, "float32")], [weight])
    assert np.abs(weight.numpy() - 7.0).max() < 0.1


def test_averages_begin_at_the_weights_again():
    optimizer, weight = Adam(0.1, use_ema=True), variable(7.0)
    optimizer.build([weight])
    optimizer.apply([np.float32(1.0)], [weight])
    forget_moments(optimizer, True)
    (average,) = optimizer._model_variables_moving_average
    assert float(average) == float(weight) != 7.0


def test_one_optimizer_of_many_is_refused():
    parts = [(SGD(0.1), lambda variable: True)]
    with pytest.raises(ValueError, match="MultiOptimizer for every player; expected"):
        assign_optimizers(keras.optimizers.MultiOptimizer(parts), defaults())
