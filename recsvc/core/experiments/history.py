"""What readers did before an experiment explains part of what they do in it: CUPED.

Readers differ far more from each other than variants do. As nobody's past can be an effect of a variant,
what it foretells is taken off both rates: their difference stays what it is, and varies less (Deng, Xu,
Kohavi, Walker: "Improving the sensitivity of online controlled experiments by utilizing pre-experiment
data", WSDM 2013). With θ = cov(r, x) / var(x) within variants, over what readers contribute to the rate
r and what they contributed to the same rate before x,

    rate − θ (mean of x in the variant − mean of x in both)

and its variance that of r − θ x. A reader without a past has the mean one: x = 0.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from recsvc.core.experiments.sequential import Rate, rate

Values = NDArray[np.float64]


class Sample(msgspec.Struct, frozen=True):
    """What the readers of a variant did, and what they had done before it began: each (n,)."""

    numerators: Values
    denominators: Values
    numerators_before: Values
    denominators_before: Values


def adjusted(treated: Sample, control: Sample) -> tuple[Rate, Rate]:
    """Return both rates without what readers' past foretells; as they are where it says nothing."""
    arms = (treated, control)
    plain = [rate(arm.numerators, arm.denominators) for arm in arms]
    if min(one.n for one in plain) < 2:
        return plain[0], plain[1]
    past = float(sum(arm.denominators_before.sum() for arm in arms))
    before = sum(arm.numerators_before.sum() for arm in arms) / past if past else 0.0
    x = [arm.numerators_before - before * arm.denominators_before for arm in arms]
    r = [_contributions(arm, one) for arm, one in zip(arms, plain, strict=True)]
    spread = sum(float(((one - one.mean()) ** 2).sum()) for one in x)
    if spread <= 0:
        return plain[0], plain[1]
    theta = sum(float((a * (b - b.mean())).sum()) for a, b in zip(r, x, strict=True)) / spread
    everywhere = float(np.concatenate(x).mean())
    found = [
        Rate(
            one.n,
            one.value - theta * (float(past_of.mean()) - everywhere),
            float((did - theta * past_of).var(ddof=1)),
        )
        for one, did, past_of in zip(plain, r, x, strict=True)
    ]
    return found[0], found[1]


def _contributions(arm: Sample, found: Rate) -> Values:
    """Return what each reader contributes to a rate, around 0."""
    total = float(arm.denominators.sum())
    if total <= 0:
        return np.zeros(found.n)
    return (arm.numerators - found.value * arm.denominators) * (found.n / total)
