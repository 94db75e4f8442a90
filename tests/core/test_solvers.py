import numpy as np
import pytest
from keras import ops

from kerasgen.core.solvers import integrate


@pytest.mark.parametrize(
    ("solver", "factor"), [("euler", 1 + 0.1), ("heun", 1 + 0.1 + 0.1**2 / 2)]
)
def test_growth_takes_the_factor_of_a_step_each_time(solver, factor):
    x = ops.convert_to_tensor([[1.0, -2.0]])
    options = {"steps": 10, "solver": solver}
    forwards = integrate(lambda x, t: x, x, 0.0, 1.0, **options)
    np.testing.assert_allclose(forwards, factor**10 * np.array(x), rtol=1e-5)
    backwards = integrate(lambda x, t: x, x, 1.0, 0.0, **options)
    back = {"euler": 1 - 0.1, "heun": 1 - 0.1 + 0.1**2 / 2}[solver]
    np.testing.assert_allclose(backwards, back**10 * np.array(x), rtol=1e-5)


def test_the_time_is_that_of_the_beginning_of_a_step_and_of_its_end():
    # dx/dt = 2t: Euler sums left ends, Heun the trapezoids, which are exact.
    for solver, expected in (("euler", 1.0 - 1 / 4), ("heun", 1.0)):
        found = integrate(
            lambda x, t: 0.0 * x + 2.0 * t,
            ops.zeros((1,)),
            *(0.0, 1.0),
            steps=4,
            solver=solver,
        )
        np.testing.assert_allclose(found, [expected], rtol=1e-6)
