//! Mutants of attention-dp.

use super::KnownBug::{
    BareNormaliser, BareSum, BudgetPerCoordinate, ClipUnused, CompositionForgets, FailureDependsOnData,
    MaximumBeforeMask, NanPassesClip, NoiseHalved, NoiseReused, OrderDependentSum, ReplaceChargedAsAddRemove,
};
use super::Mutant;
use crate::Evidence::{Audit, Exact, Numeric, Search, Statistical};

pub(super) const ALL: &[Mutant] = &[
    Mutant::new(
        "attention.moments.normaliser_not_charged",
        "the bound on one more row counts its values and forgets the normaliser",
        &[("attention.moments.sensitivity_add_remove", Search)],
    ),
    Mutant::new(
        "attention.moments.replace_as_add_remove",
        "a replaced row is charged as one that comes or goes",
        &[("attention.moments.sensitivity_replace", Search)],
    )
    .reproduces(ReplaceChargedAsAddRemove),
    Mutant::new(
        "attention.moments.documents_not_clipped",
        "rows are clipped and documents are not",
        &[("attention.moments.sensitivity_document", Search)],
    ),
    Mutant::new(
        "attention.moments.documents_cut",
        "documents are cut where so many rows end, and each part weighs what a document may",
        &[("attention.moments.sensitivity_document", Search)],
    ),
    Mutant::new(
        "attention.moments.proportional_move",
        "the bound on a row that moves is proportional to the move, and forgets that rounding moves it too",
        &[("attention.moments.sensitivity_perturb", Search)],
    ),
    Mutant::new(
        "attention.moments.half_the_noise",
        "adds half the noise",
        &[("attention.moments.privacy", Numeric), ("attention.moments.privacy", Audit)],
    )
    .reproduces(NoiseHalved),
    Mutant::new(
        "attention.moments.bare_normaliser",
        "the normaliser is released without noise",
        &[("attention.moments.privacy", Audit)],
    )
    .reproduces(BareNormaliser),
    Mutant::new(
        "attention.moments.float_sums",
        "real features are summed in floating point",
        &[("attention.moments.order_free", Exact)],
    )
    .reproduces(OrderDependentSum),
    Mutant::new(
        "attention.moments.two_rules_for_ties",
        "ties are rounded by one rule in whole vectors and by another in the rest",
        &[("attention.moments.row_local", Exact)],
    ),
    Mutant::new(
        "attention.moments.nan_passes_the_clip",
        "the clip of a row is by minimum and maximum, which make a finite number of NaN, so that the row counts",
        &[("attention.moments.row_local", Exact)],
    )
    .reproduces(NanPassesClip),
    Mutant::new(
        "attention.moments.complains",
        "a row that is not finite changes what a call answers",
        &[("attention.moments.failure", Search)],
    )
    .reproduces(FailureDependsOnData),
    Mutant::new(
        "attention.heads.whole_budget_each",
        "each head has the whole budget",
        &[("attention.heads.privacy", Numeric), ("attention.heads.privacy", Audit)],
    )
    .reproduces(BudgetPerCoordinate),
    Mutant::new(
        "attention.heads.half_the_noise_in_one",
        "the head with the largest share has half of its noise",
        &[("attention.heads.privacy", Audit)],
    )
    .reproduces(NoiseHalved),
    Mutant::new(
        "attention.heads.noise_reused",
        "all heads have the noise of the first",
        &[("attention.heads.privacy", Audit)],
    )
    .reproduces(NoiseReused),
    Mutant::new(
        "attention.center.not_counted",
        "the joint guarantee does not count the centre",
        &[("attention.center.privacy", Numeric)],
    )
    .reproduces(CompositionForgets),
    Mutant::new(
        "attention.center.less_noise",
        "the centre has 1/√2 of its noise",
        &[("attention.center.privacy", Audit)],
    ),
    Mutant::new(
        "attention.query.ratio_left_out",
        "the error bar leaves out the normaliser's noise",
        &[("attention.query.fixed_coverage", Statistical)],
    ),
    Mutant::new(
        "attention.query.fixed_bars",
        "bars for fixed queries are used for queries that were chosen by the noise",
        &[("attention.query.simultaneous_coverage", Statistical)],
    ),
    Mutant::new(
        "attention.query.lower_degree",
        "answers have one degree less than their bars are for",
        &[("attention.query.deterministic_error", Search)],
    ),
    Mutant::new(
        "attention.query.documents_in_full",
        "rows of a document that was scaled down count in full",
        &[("attention.query.document_error", Search)],
    ),
    Mutant::new(
        "attention.query.split_budget",
        "the budget is split over the features, which multiplies the noise by the root of their number",
        &[("attention.query.rank_free_noise", Statistical)],
    ),
    Mutant::new(
        "attention.query.equal_noise",
        "equal noise by degree is said to be the best for short queries too",
        &[("attention.query.noise_by_degree", Search)],
    ),
    Mutant::new(
        "attention.plan.half_expected",
        "the planner expects half the noise in answers",
        &[("attention.plan.expected_error", Statistical)],
    ),
    Mutant::new(
        "attention.softmax.not_rescaled",
        "what earlier blocks of keys added is not rescaled",
        &[("attention.exact.softmax", Search)],
    ),
    Mutant::new(
        "attention.softmax.weight_off",
        "the weight of the last key is off by 2⁻³⁷ relatively",
        &[("attention.exact.softmax", Search)],
    ),
    Mutant::new(
        "attention.io.digest_ignored",
        "the digest of the integers of a file is not looked at",
        &[("attention.io.integrity", Search)],
    ),
    Mutant::new(
        "attention.local.maximum_before_mask",
        "the running maximum goes over hidden tokens too",
        &[("attention.local.merge", Search)],
    )
    .reproduces(MaximumBeforeMask),
    Mutant::new(
        "attention.local.center_forgotten",
        "logits of public tokens are compared with those of centred keys",
        &[("attention.local.merge", Search)],
    ),
    Mutant::new(
        "attention.local.share_taken_as_known",
        "the prefix's bar is multiplied by its share of the mass, as if that share were known",
        &[("attention.local.coverage", Statistical)],
    ),
    Mutant::new(
        "attention.stream.new_budget_each_batch",
        "the budget is new with every batch",
        &[("attention.stream.privacy", Numeric), ("attention.stream.privacy", Audit)],
    )
    .reproduces(CompositionForgets),
    Mutant::new(
        "attention.stream.noise_reused",
        "every batch has the noise of the first",
        &[("attention.stream.privacy", Audit)],
    )
    .reproduces(NoiseReused),
    Mutant::new(
        "attention.stream.counted_once",
        "a batch is counted once, though it takes part in many released vectors",
        &[("attention.stream.sensitivity", Search)],
    )
    .reproduces(CompositionForgets),
    Mutant::new(
        "attention.stream.late_ranges",
        "ranges begin a batch late",
        &[("attention.stream.decoding", Search)],
    ),
    Mutant::new(
        "attention.stream.noise_of_one_integer",
        "the noise of one released integer is taken for that of a range",
        &[("attention.stream.coverage", Statistical)],
    ),
    Mutant::new(
        "attention.self.rows.rounding_forgotten",
        "the sensitivity forgets that rows are rounded",
        &[("attention.self.rows.sensitivity", Search)],
    ),
    Mutant::new(
        "attention.self.rows.half_the_noise",
        "adds half the noise to rows",
        &[("attention.self.rows.privacy", Numeric)],
    )
    .reproduces(NoiseHalved),
    Mutant::new(
        "attention.self.rows.less_noise",
        "adds 0.7 of the noise to rows",
        &[("attention.self.rows.privacy", Audit)],
    ),
    Mutant::new(
        "attention.self.gram.rounding_forgotten",
        "the sensitivity of the triangle forgets that rows are rounded",
        &[("attention.self.gram.sensitivity", Search)],
    ),
    Mutant::new(
        "attention.self.gram.half_the_noise",
        "adds half the noise to the triangle",
        &[("attention.self.gram.privacy", Numeric)],
    )
    .reproduces(NoiseHalved),
    Mutant::new(
        "attention.self.gram.less_noise",
        "adds 0.7 of the noise to the triangle",
        &[("attention.self.gram.privacy", Audit)],
    ),
    Mutant::new(
        "attention.self.sampling.square_forgotten",
        "the change forgets the square of the displacement",
        &[("attention.self.sampling.change", Search)],
    ),
    Mutant::new(
        "attention.self.sampling.tenth_more_draws",
        "draws a tenth more than the certificate allows",
        &[("attention.self.sampling.privacy", Numeric)],
    ),
    Mutant::new(
        "attention.self.sampling.thrice_the_draws",
        "draws three times as often as the certificate says",
        &[("attention.self.sampling.privacy", Audit)],
    ),
    Mutant::new(
        "attention.self.sampling.published_less_root",
        "the published bound is too small by √2",
        &[("attention.self.sampling.published", Search)],
    ),
    Mutant::new(
        "attention.self.token.own_logit_forgotten",
        "ε counts what the logits of others move against each other and forgets the own one",
        &[("attention.self.token.privacy", Exact)],
    ),
    Mutant::new(
        "attention.self.token.one_logit",
        "ε is what one logit moves by, where two move against each other",
        &[("attention.self.token.privacy", Audit)],
    ),
    Mutant::new(
        "attention.self.one_entry_intervals",
        "intervals that hold for one entry are taken for all",
        &[("attention.self.coverage", Statistical)],
    ),
    Mutant::new(
        "attention.self.plan_by_radius",
        "plans for rows that move by the radius where they may move by the diameter",
        &[("attention.self.plan", Numeric)],
    ),
    Mutant::new(
        "attention.self.complains",
        "a row that is not finite changes what a call answers",
        &[("attention.self.failure", Search)],
    )
    .reproduces(FailureDependsOnData),
    Mutant::new(
        "attention.tree.forgotten_level",
        "a level of the tree is forgotten",
        &[("attention.tree.sensitivity", Search), ("attention.tree.privacy", Numeric)],
    )
    .reproduces(CompositionForgets),
    Mutant::new(
        "attention.tree.raw_moments",
        "the bin is that of the clipped point, and moments are those of the point as it came",
        &[("attention.tree.sensitivity", Search)],
    )
    .reproduces(ClipUnused),
    Mutant::new(
        "attention.tree.one_coordinate",
        "each coordinate has noise as if it were alone",
        &[("attention.tree.privacy", Numeric)],
    )
    .reproduces(BudgetPerCoordinate),
    Mutant::new("attention.tree.half_the_noise", "adds half the noise", &[("attention.tree.privacy", Audit)])
        .reproduces(NoiseHalved),
    Mutant::new(
        "attention.tree.bare_normaliser",
        "the normaliser's trees and sums are stored without noise",
        &[("attention.tree.privacy", Audit)],
    )
    .reproduces(BareNormaliser),
    Mutant::new(
        "attention.tree.bare_sums",
        "the two sums beside the trees are stored without noise",
        &[("attention.tree.privacy", Audit)],
    )
    .reproduces(BareSum),
    Mutant::new(
        "attention.tree.complains",
        "a point outside its interval makes the call fail",
        &[("attention.tree.failure", Search)],
    )
    .reproduces(FailureDependsOnData),
    Mutant::new(
        "attention.tree.bare_structure",
        "the normaliser's trees and sums are not counted",
        &[("attention.tree.size", Exact)],
    ),
    Mutant::new(
        "attention.tree.forgotten_node",
        "the bound of a range forgets one of its nodes",
        &[("attention.tree.range_bound", Search)],
    ),
    Mutant::new(
        "attention.tree.one_leaf",
        "the half-width of one leaf is taken for that of the range",
        &[("attention.tree.range_coverage", Statistical)],
    ),
    Mutant::new(
        "attention.tree.finer_bins",
        "the errors stated are those of a tree with twice as many bins",
        &[("attention.tree.distance_error", Search)],
    ),
    Mutant::new(
        "attention.tree.fixed_half_width",
        "the half-width for a fixed query is taken for one that was chosen by the noise",
        &[("attention.tree.distance_coverage", Statistical)],
    ),
    Mutant::new(
        "attention.tree.lower_degree",
        "answers have one degree less than their bars are for",
        &[("attention.tree.deterministic_error", Search)],
    ),
    Mutant::new(
        "attention.tree.ratio_left_out",
        "the error bar leaves out the normaliser's noise",
        &[("attention.tree.fixed_coverage", Statistical)],
    ),
    Mutant::new(
        "attention.tree.fixed_bars",
        "bars for fixed queries are used for queries that were chosen by the noise",
        &[("attention.tree.simultaneous_coverage", Statistical)],
    ),
    Mutant::new(
        "attention.tree.published.noisy_normaliser",
        "the normaliser of the published answers has noise after all, so that the attack fails",
        &[("attention.tree.published.normaliser", Exact), ("attention.tree.published.normaliser", Audit)],
    ),
    Mutant::new(
        "attention.tree.published.noisy_sums",
        "the sums of the published structure have noise after all, so that the attack fails",
        &[("attention.tree.published.sums", Exact), ("attention.tree.published.sums", Audit)],
    ),
    Mutant::new(
        "attention.tree.published.probability_in_delta",
        "the stated δ has the probability of failure in it after all",
        &[("attention.tree.published.probability", Exact), ("attention.tree.published.probability", Audit)],
    ),
    Mutant::new(
        "attention.tree.published.replaced",
        "a row is replaced instead of inserted in front, and moves few leaves",
        &[("attention.tree.published.insertion", Exact)],
    ),
    Mutant::new(
        "attention.tree.published.one_sign",
        "weights have one sign, for which the relative error holds",
        &[("attention.tree.published.relative", Exact)],
    ),
];
