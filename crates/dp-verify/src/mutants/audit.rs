//! Mutants of dp-audit, and the faults planted on the bench of its auditors.

use super::KnownBug::{
    BareNormaliser, BareSum, BudgetPerCoordinate, ClipUnused, CompositionForgets, DeltaIgnored,
    EqualityNotCharged, FailureDependsOnData, GeneratorReplaced, MaximumBeforeMask, NanPassesClip,
    NoiseHalved, NoiseReused, OptimisticRounding, OrderDependentSum, Overflow, ReplaceChargedAsAddRemove,
    ScaleAsVariance, SeedFixed, SensitivityTooSmall, TiesDropRows,
};
use super::Mutant;
use crate::Evidence::{Audit, Exact, Search, Statistical};

pub(super) const ALL: &[Mutant] = &[
    Mutant::new(
        "audit.binomial.careless",
        "tails are rounded to nearest and bounds are taken at the two-sided level",
        &[("audit.binomial.bounds", Exact)],
    ),
    Mutant::new(
        "audit.exact.one_order",
        "the divergence looks at one order of the neighbours only",
        &[("audit.exact.divergence", Exact)],
    ),
    Mutant::new(
        "audit.threshold.same_runs",
        "the event is chosen on the very runs that it is tested on",
        &[("audit.threshold.validity", Exact)],
    ),
    Mutant::new(
        "audit.sequential.foresight",
        "a bet knows the outcome that it is on",
        &[("audit.sequential.validity", Exact)],
    ),
    Mutant::new(
        "audit.one_run.fewer_canaries",
        "only the canaries that a guess was made about are counted",
        &[("audit.one_run.bound", Exact)],
    ),
    Mutant::new(
        "audit.one_run.small_failure_term",
        "a tenth of the failure term is charged",
        &[("audit.one_run.bound", Search)],
    ),
    Mutant::new(
        "audit.replay.not_rewound",
        "the noise is not rewound between neighbours",
        &[("audit.replay.distance", Exact)],
    ),
    Mutant::new(
        "audit.no_level",
        "what is seen is taken at face value, without a level",
        &[("audit.no_false_alarm", Statistical)],
    ),
    Mutant::new(
        "audit.impatient",
        "the auditors have the patience for 640 rounds",
        &[("audit.power", Audit)],
    ),
    Mutant::planted("audit.planted.noise_halved", "a count has half the noise", "noise halved")
        .reproduces(NoiseHalved),
    Mutant::planted(
        "audit.planted.delta_ignored",
        "the noise of a count is Δ/ε, whatever δ is",
        "δ ignored: σ = Δ/ε",
    )
    .reproduces(DeltaIgnored),
    Mutant::planted(
        "audit.planted.scale_as_variance",
        "the standard deviation of a count is used as its variance",
        "scale used as a variance",
    )
    .reproduces(ScaleAsVariance),
    Mutant::planted(
        "audit.planted.noise_rounded_down",
        "the standard deviation is rounded down to an integer",
        "optimistic rounding of the noise",
    )
    .reproduces(OptimisticRounding),
    Mutant::planted("audit.planted.noise_of_one_sign", "noise is never negative", "noise of one sign"),
    Mutant::planted(
        "audit.planted.own_maximum",
        "noise is scaled to the largest row of the data",
        "noise scaled to the data's own maximum",
    ),
    Mutant::planted(
        "audit.planted.coarse_uniform",
        "noise is a float logarithm of ten random bits",
        "noise from a coarse uniform by a float logarithm",
    ),
    Mutant::planted(
        "audit.planted.sensitivity_off_by_one",
        "rows up to four are charged as rows up to three",
        "sensitivity off by one: 3 for rows in 0 … 4",
    )
    .reproduces(SensitivityTooSmall),
    Mutant::planted(
        "audit.planted.sensitivity_rounded_down",
        "a sensitivity of 1.5 is rounded down to 1",
        "sensitivity rounded down: 1 for 1.5",
    )
    .reproduces(SensitivityTooSmall),
    Mutant::planted(
        "audit.planted.replace_as_add_remove",
        "a replaced row is charged as one that comes or goes",
        "replace-one charged as add/remove",
    )
    .reproduces(ReplaceChargedAsAddRemove),
    Mutant::planted(
        "audit.planted.pairs_by_position",
        "rows are paired by position and an odd one is dropped, so that one row moves all pairs",
        "pairs by position; an odd row is dropped",
    )
    .reproduces(TiesDropRows),
    Mutant::planted(
        "audit.planted.ties_trimmed",
        "all rows that tie with the maximum are trimmed, where one is meant",
        "all ties with the maximum are trimmed",
    )
    .reproduces(TiesDropRows),
    Mutant::planted("audit.planted.overflow", "a sum wraps around in 16 bits", "sum overflows 16 bits")
        .reproduces(Overflow),
    Mutant::planted(
        "audit.planted.half_precision",
        "a sum in half precision depends on the order of rows",
        "half-precision sum whose rounding depends on order",
    )
    .reproduces(OrderDependentSum),
    Mutant::planted(
        "audit.planted.nan_passes_the_clip",
        "a row that is NaN is still NaN after the clip",
        "NaN passes the clip",
    )
    .reproduces(NanPassesClip),
    Mutant::planted(
        "audit.planted.clip_unused",
        "rows are summed as they came, not as clipped",
        "clip computed, raw value used",
    )
    .reproduces(ClipUnused),
    Mutant::planted(
        "audit.planted.unbounded_user",
        "rows are counted where users are charged",
        "rows of one user are not bounded",
    ),
    Mutant::planted(
        "audit.planted.maximum_before_mask",
        "weights are relative to a maximum that the mask then hides",
        "maximum taken before the mask",
    )
    .reproduces(MaximumBeforeMask),
    Mutant::planted(
        "audit.planted.equality_not_charged",
        "a key is published at the threshold, where it is charged above it",
        "threshold at equality not charged",
    )
    .reproduces(EqualityNotCharged),
    Mutant::planted(
        "audit.planted.failure_depends_on_data",
        "an answer is refused for few rows by their exact number",
        "failure depends on the exact count",
    )
    .reproduces(FailureDependsOnData),
    Mutant::planted(
        "audit.planted.bare_normaliser",
        "the number of rows beside a noisy sum has no noise",
        "normaliser released without noise",
    )
    .reproduces(BareNormaliser),
    Mutant::planted(
        "audit.planted.bare_sum",
        "the sum of squares beside a noisy sum has no noise",
        "one of two sums without noise",
    )
    .reproduces(BareSum),
    Mutant::planted(
        "audit.planted.noise_reused",
        "one draw of noise is added to two counts",
        "the same noise on two outputs",
    )
    .reproduces(NoiseReused),
    Mutant::planted(
        "audit.planted.exact_winner",
        "the winner of a noisy maximum is released with its exact count",
        "the winner's exact count beside a noisy maximum",
    ),
    Mutant::planted(
        "audit.planted.exact_fallback",
        "a noisy count that is negative is replaced by the exact one",
        "exact count where the noisy one is negative",
    ),
    Mutant::planted(
        "audit.planted.sparse_vector",
        "queries have no noise, only the threshold has",
        "sparse vector without noise on queries",
    ),
    Mutant::planted(
        "audit.planted.forgotten_level",
        "noise on root and leaf is that of one level",
        "composition forgets a level of the tree",
    )
    .reproduces(CompositionForgets),
    Mutant::planted(
        "audit.planted.budget_each",
        "each coordinate has the budget that was charged for all",
        "a budget for each coordinate, charged once",
    )
    .reproduces(BudgetPerCoordinate),
    Mutant::planted(
        "audit.planted.first_rows",
        "the first rows are taken where a random sample is claimed",
        "amplification claimed, first rows taken",
    ),
    Mutant::planted(
        "audit.planted.wrong_constant",
        "randomised response tells the truth too often",
        "randomised response with a wrong constant",
    ),
    Mutant::planted("audit.planted.seed_fixed", "the seed of the noise is fixed", "seed fixed in production")
        .reproduces(SeedFixed),
    Mutant::planted(
        "audit.planted.generator_replaced",
        "noise is from a generator of 256 states",
        "generator replaced by one of 256 states",
    )
    .reproduces(GeneratorReplaced),
    Mutant::planted(
        "audit.planted.noise_kept",
        "noise is drawn once and kept for all releases",
        "noise drawn once and kept",
    )
    .reproduces(NoiseReused),
];
