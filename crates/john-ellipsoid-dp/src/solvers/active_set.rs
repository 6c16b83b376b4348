//! The default: few rows in memory, solved to high accuracy, and full passes that find the rows that still stick out.

use super::{InteriorPoint, Solver, Stop, WolfeAtwood};
use crate::candidates::Candidates;
use crate::certificate::{accurate_support, gap_of};
use crate::design::{dot, moment};
use crate::pass::{Kept, Pass, Search};
use crate::scan::{CoreRow, Scan};
use crate::source::RowSource;
use crate::whitening::Whitening;
use crate::{Certificate, Design, Error, JohnEllipsoid, JohnOptions, Progress, Status, SupportRow};
use dp_linalg::Mat;
use std::collections::BTreeMap;

/// Rows with weight that a dense Newton system is built for: `8·3000²` bytes are 72 MB.
const NEWTON_ROWS: usize = 3000;
/// Newton takes over from first-order steps at this gap.
const NEWTON_GAP: f64 = 0.02;
/// Rows this near to the boundary come along to the last solve.
const NEARBY: f64 = 0.03;
/// First-order steps of one round, at most.
const STEPS: usize = 200_000;

/// Until their gap is below this, candidates are searched even if rows that are not among them may stick out; from there on,
/// the next solve is the last if all goes well.
const TRUSTED_GAP: f64 = 0.05;
/// Rows of the core without weight are forgotten below this `g`: they may come back.
const FORGOTTEN: f64 = 0.8;
/// Entries of all candidates, at most (but for very many columns): 32 MB.
const CANDIDATE_ENTRIES: usize = 4_000_000;
/// Of the gap asked for, what the solve for the rows in memory may use.
const INNER_SHARE: f64 = 0.5;
/// Rounds, for each pass that is allowed.
const ROUNDS_PER_PASS: usize = 8;

/// Rows in memory and their weights.
#[derive(Debug)]
struct Core {
    rows: Vec<CoreRow>,
    weights: Vec<f64>,
}

/// A whitening with the largest `g` in it, and the rows with weight.
#[derive(Debug)]
struct Best {
    whitening: Whitening,
    core: Vec<(CoreRow, f64)>,
    largest: f64,
}

/// What a look at rows found, and whether it speaks for all rows.
#[derive(Debug)]
struct View {
    pass: Pass,
    of_all: bool,
}

/// A solve on its way.
#[derive(Debug)]
struct Run<'a> {
    options: &'a JohnOptions,
    rows: usize,
    passes: usize,
    whitening: Whitening,
    core: Core,
    candidates: Option<Candidates>,
    best: Option<Best>,
    inner_gap: f64,
}

/// Solves; `start` are weights by row number.
pub(crate) fn solve(
    source: &mut impl RowSource,
    start: &[SupportRow],
    options: &JohnOptions,
    progress: &mut dyn FnMut(&Progress),
) -> Result<JohnEllipsoid, Error> {
    let (scan, whitening) = Scan::spanning(source, start, options.parallelism())?;
    let (rows, dropped, passes) = (scan.rows, scan.dropped, scan.passes);
    let core = Core::new(scan.sample, start);
    let (candidates, best, inner_gap) = (None, None, 0.1);
    let mut run = Run { options, rows, passes, whitening, core, candidates, best, inner_gap };
    let limit = options.max_passes().saturating_mul(ROUNDS_PER_PASS);
    let mut status = None;
    for _ in 0..limit {
        status = run.round(source, progress)?;
        if status.is_some() {
            break;
        }
    }
    let Some(Best { whitening, core, largest }) = run.best else { return Err(Error::NoColumns) };
    let support: Vec<(&CoreRow, f64)> = core.iter().map(|(row, weight)| (row, *weight)).collect();
    let certificate = Certificate::new(&whitening, &support, largest)?;
    let support =
        support.iter().map(|(kept, weight)| SupportRow { row: kept.row, weight: *weight }).collect();
    let (passes, status) = (run.passes, status.unwrap_or(Status::IterationLimit));
    Ok(JohnEllipsoid { whitening, support, certificate, status, rows, dropped, passes })
}

/// About as many rows as an optimum can have weight on, `d(d + 1)/2`.
const fn support_rows(d: usize) -> usize {
    let support = d * (d + 1) / 2;
    if support < 64 { 64 } else { support }
}

/// Rows that a pass keeps: four times as many, if memory allows.
const fn candidate_rows(d: usize) -> usize {
    let (most, least, room) = (4 * support_rows(d), 2 * support_rows(d), CANDIDATE_ENTRIES / d);
    if room > most {
        most
    } else if room > least {
        room
    } else {
        least
    }
}

impl Run<'_> {
    /// Solves for the rows in memory, looks at others, and takes in those that stick out; the status when that was the end.
    fn round(
        &mut self,
        source: &mut impl RowSource,
        progress: &mut dyn FnMut(&Progress),
    ) -> Result<Option<Status>, Error> {
        let target = INNER_SHARE * self.options.gap();
        let stalled = self.core.improve(&self.whitening, self.inner_gap.max(target))?;
        self.whitening = self.core.whiten(&self.whitening)?;
        let Some(View { pass, of_all }) = self.view(source)? else { return Ok(Some(Status::IterationLimit)) };
        let gap = gap_of(pass.largest);
        let better = of_all && self.best.as_ref().is_none_or(|best| pass.largest < best.largest);
        if of_all {
            progress(&Progress { passes: self.passes, gap, core_rows: self.core.rows.len() });
        }
        if better {
            let (whitening, core) = (self.whitening.clone(), self.core.with_weight());
            self.best = Some(Best { whitening, core, largest: pass.largest });
        }
        self.core.prune(&self.whitening)?;
        let found = self.core.extend(self.sticking_out(pass));
        if of_all && gap <= self.options.gap() {
            return Ok(Some(Status::Solved));
        }
        // nothing new, nothing gained, nothing more to ask of the inner solver
        if found == 0 && !better && (stalled || self.inner_gap <= target) {
            if of_all {
                return Ok(Some(Status::ReducedAccuracy));
            }
            self.candidates = None;
        }
        self.inner_gap = self.next_inner_gap(gap, found);
        Ok(None)
    }

    /// Coarse while rows are still being found, then all that is wanted.
    fn next_inner_gap(&self, gap: f64, found: usize) -> f64 {
        if gap <= TRUSTED_GAP {
            INNER_SHARE * self.options.gap()
        } else if found == 0 {
            0.1 * self.inner_gap
        } else {
            (0.1 * gap).min(0.5 * self.inner_gap).max(NEWTON_GAP)
        }
    }

    /// Looks at the candidates, or at all rows where that does not do; nothing if it may not.
    fn view(&mut self, source: &mut impl RowSource) -> Result<Option<View>, Error> {
        let d = self.whitening.matrix().ncols();
        let search = Search {
            whitening: &self.whitening,
            threshold: -1.0,
            keep: candidate_rows(d),
            parallelism: self.options.parallelism(),
        };
        if let Some(candidates) = &self.candidates {
            let pass = candidates.look(search)?;
            let of_all = candidates.others(&self.whitening)? <= pass.largest;
            if of_all || pass.largest > 1.0 + TRUSTED_GAP {
                return Ok(Some(View { pass, of_all }));
            }
        }
        if self.passes >= self.options.max_passes() {
            return Ok(None);
        }
        let pass = search.run(source)?;
        self.passes += 1;
        if pass.rows != self.rows {
            return Err(Error::SourceChanged { expected: self.rows, found: pass.rows });
        }
        self.candidates = Some(Candidates::new(&self.whitening, &pass));
        Ok(Some(View { pass, of_all: true }))
    }

    /// The largest of what was kept, above the boundary.
    fn sticking_out(&self, pass: Pass) -> Vec<Kept> {
        let d = self.whitening.matrix().ncols();
        let (threshold, most) = if gap_of(pass.largest) <= TRUSTED_GAP {
            (1.0 - NEARBY, support_rows(d))
        } else {
            (1.0 + 0.5 * self.options.gap(), 64 + 4 * d)
        };
        let mut kept: Vec<Kept> = pass.kept.into_iter().filter(|kept| kept.g > threshold).collect();
        kept.sort_unstable_by(|a, b| b.g.total_cmp(&a.g).then(a.row.cmp(&b.row)));
        kept.truncate(most);
        kept
    }
}

/// Gives non-negative weights this sum, unless all are zero.
fn scale_to(sum: f64, weights: &mut [f64]) {
    let largest = weights.iter().copied().fold(0.0, f64::max);
    if largest > 0.0 {
        // by the largest first, so that the sum does not overflow
        let share: f64 = weights.iter().map(|w| w / largest).sum();
        for w in weights {
            *w = *w / largest * (sum / share);
        }
    }
}

impl Core {
    fn new(rows: Vec<CoreRow>, start: &[SupportRow]) -> Self {
        let start: BTreeMap<usize, f64> = start.iter().map(|s| (s.row, s.weight)).collect();
        let given = |kept: &CoreRow| start.get(&kept.row).copied().filter(|w| *w > 0.0 && w.is_finite());
        let mut given: Vec<f64> = rows.iter().map(|kept| given(kept).unwrap_or(0.0)).collect();
        let d = rows.first().map_or(0, |kept| kept.entries.len());
        scale_to(d as f64, &mut given);
        // a start in which a direction has lost its weight is helped out by a little weight for all
        let floor = if given.iter().any(|w| *w > 0.0) { 1e-3 / rows.len() as f64 } else { 1.0 };
        Self { rows, weights: given.into_iter().map(|w| w + floor).collect() }
    }

    fn coordinates(&self, whitening: &Whitening) -> Result<Mat, Error> {
        let d = whitening.matrix().ncols();
        whitening.apply(Mat::from_fn(self.rows.len(), d, |i, j| self.rows[i].entries[j]).as_ref())
    }

    /// Solves for the rows in memory; whether it fell short of the gap.
    fn improve(&mut self, whitening: &Whitening, gap: f64) -> Result<bool, Error> {
        let coordinates = self.coordinates(whitening)?;
        let mut design = Design::new(coordinates.as_ref(), core::mem::take(&mut self.weights))?;
        let coarse = gap.max(NEWTON_GAP);
        WolfeAtwood.improve(&mut design, Stop { gap: coarse, max_iterations: STEPS })?;
        let matters = |i: &usize| design.weights()[*i] > 0.0 || design.forms()[*i] > 1.0 - NEWTON_GAP;
        if (0..design.forms().len()).filter(matters).count() <= NEWTON_ROWS {
            InteriorPoint.improve(&mut design, Stop { gap, max_iterations: 60 })?;
        }
        if design.gap() > gap {
            WolfeAtwood.improve(&mut design, Stop { gap, max_iterations: STEPS })?;
        }
        let short = design.gap() > gap;
        self.weights = design.into_weights();
        Ok(short)
    }

    /// The whitening of the present weights, from accurate coordinates in the last one.
    fn whiten(&self, last: &Whitening) -> Result<Whitening, Error> {
        let (coordinates, _, weights) = accurate_support(last, &self.support());
        last.refine(moment(coordinates.as_ref(), &weights)?.as_ref())
    }

    fn support(&self) -> Vec<(&CoreRow, f64)> {
        let pairs = self.rows.iter().zip(self.weights.iter().copied());
        pairs.filter(|(_, weight)| *weight > 0.0).collect()
    }

    fn with_weight(&self) -> Vec<(CoreRow, f64)> {
        self.support().into_iter().map(|(kept, weight)| (kept.clone(), weight)).collect()
    }

    /// Forgets rows without weight that are well inside.
    fn prune(&mut self, whitening: &Whitening) -> Result<(), Error> {
        let coordinates = self.coordinates(whitening)?;
        let forms = coordinates.rows().map(|y| dot(y, y));
        let stays: Vec<bool> =
            self.weights.iter().zip(forms).map(|(w, g)| *w > 0.0 || g >= FORGOTTEN).collect();
        let mut flags = stays.iter().copied();
        self.rows.retain(|_| flags.next().unwrap_or(true));
        let mut flags = stays.iter().copied();
        self.weights.retain(|_| flags.next().unwrap_or(true));
        Ok(())
    }

    /// Adds rows without weight, in the order of their numbers; how many were new.
    fn extend(&mut self, kept: Vec<Kept>) -> usize {
        let before = self.rows.len();
        let is_new = |kept: &Kept| self.rows.binary_search_by_key(&kept.row, |row| row.row).is_err();
        let new: Vec<Kept> = kept.into_iter().filter(is_new).collect();
        let old = core::mem::take(&mut self.rows).into_iter().zip(core::mem::take(&mut self.weights));
        let new = new.into_iter().map(|kept| (CoreRow { row: kept.row, entries: kept.entries }, 0.0));
        let mut all: Vec<(CoreRow, f64)> = old.chain(new).collect();
        all.sort_unstable_by_key(|(kept, _)| kept.row);
        (self.rows, self.weights) = all.into_iter().unzip();
        self.rows.len() - before
    }
}
