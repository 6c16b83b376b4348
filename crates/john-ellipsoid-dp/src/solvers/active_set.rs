//! The default: few rows in memory, solved to high accuracy, and full passes that find the rows that still stick out.

use super::{InteriorPoint, Solver, Stop, WolfeAtwood, deletion_threshold};
use crate::certificate::accurate_support;
use crate::design::moment;
use crate::pass::{Kept, Search};
use crate::scan::{CoreRow, Scan};
use crate::source::RowSource;
use crate::whitening::Whitening;
use crate::{Certificate, Design, Error, JohnEllipsoid, JohnOptions, Progress, Status, SupportRow};
use dp_linalg::Mat;

/// Rows with weight that a dense Newton system is built for: `8·3000²` bytes are 72 MB.
const NEWTON_ROWS: usize = 3000;
/// Newton takes over from first-order steps at this gap.
const NEWTON_GAP: f64 = 0.02;
/// First-order steps of one round, at most.
const STEPS: usize = 200_000;

/// Rows in memory and their weights.
#[derive(Debug)]
struct Core {
    rows: Vec<CoreRow>,
    weights: Vec<f64>,
}

/// A whitening with what a pass said of it.
#[derive(Debug)]
struct Round {
    whitening: Whitening,
    support: Vec<SupportRow>,
    certificate: Certificate,
}

/// Solves; `start` are weights by row number.
pub(crate) fn solve(
    source: &mut impl RowSource,
    start: &[SupportRow],
    options: &JohnOptions,
    progress: &mut dyn FnMut(&Progress),
) -> Result<JohnEllipsoid, Error> {
    let (scan, mut whitening) = Scan::spanning(source, start, options.parallelism())?;
    let (rows, dropped, mut passes) = (scan.rows, scan.dropped, scan.passes);
    let mut core = Core::new(scan.sample, start);
    let mut best: Option<Round> = None;
    let mut inner_gap: f64 = 0.1;
    let status = loop {
        let stalled = core.improve(&whitening, inner_gap.max(0.25 * options.gap()))?;
        whitening = core.whiten(&whitening)?;
        let search = Search {
            whitening: &whitening,
            threshold: 1.0 + 0.5 * options.gap(),
            keep: kept_rows(whitening.matrix().ncols()),
            parallelism: options.parallelism(),
        };
        let pass = search.run(source)?;
        passes += 1;
        if pass.rows != rows {
            return Err(Error::SourceChanged { expected: rows, found: pass.rows });
        }
        let certificate = Certificate::new(&whitening, &core.support(), pass.largest)?;
        let gap = certificate.gap();
        progress(&Progress { passes, gap, core_rows: core.rows.len() });
        let better = best.as_ref().is_none_or(|best| gap < best.certificate.gap());
        if better {
            best = Some(Round { whitening: whitening.clone(), support: core.support_rows(), certificate });
        }
        core.prune(&whitening, gap)?;
        let found = core.extend(pass.kept);
        if gap <= options.gap() {
            break Status::Solved;
        }
        if passes >= options.max_passes() {
            break Status::IterationLimit;
        }
        // nothing new, nothing gained, nothing more to ask of the inner solver
        if found == 0 && !better && (stalled || inner_gap <= 0.25 * options.gap()) {
            break Status::ReducedAccuracy;
        }
        inner_gap = if found == 0 { 0.1 * inner_gap } else { (0.05 * gap).min(0.5 * inner_gap) };
    };
    best.map_or(Err(Error::NoColumns), |best| {
        let Round { whitening, support, certificate } = best;
        Ok(JohnEllipsoid { whitening, support, certificate, status, rows, dropped, passes })
    })
}

/// Rows that a pass may add: about as many as an optimum can have weight on, `d(d + 1)/2`.
const fn kept_rows(d: usize) -> usize {
    let support = d * (d + 1) / 2;
    if support < 64 { 64 } else { support }
}

impl Core {
    fn new(rows: Vec<CoreRow>, start: &[SupportRow]) -> Self {
        let given =
            |kept: &CoreRow| start.iter().find(|s| s.row == kept.row).map_or(0.0, |s| s.weight.max(0.0));
        let weights: Vec<f64> = rows.iter().map(given).collect();
        // a start in which a direction has lost its weight is helped out by a little weight for all
        let floor = if weights.iter().sum::<f64>() > 0.0 { 1e-3 / rows.len() as f64 } else { 1.0 };
        let weights = weights.into_iter().map(|w| if w.is_finite() { w + floor } else { floor }).collect();
        Self { rows, weights }
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

    fn support_rows(&self) -> Vec<SupportRow> {
        self.support().into_iter().map(|(kept, weight)| SupportRow { row: kept.row, weight }).collect()
    }

    /// Forgets rows that no optimum has weight on, and, of too many, the innermost.
    fn prune(&mut self, whitening: &Whitening, gap: f64) -> Result<(), Error> {
        let d = whitening.matrix().ncols();
        let coordinates = self.coordinates(whitening)?;
        let forms: Vec<f64> = coordinates.rows().map(|y| y.iter().map(|x| x * x).sum()).collect();
        let mut threshold = deletion_threshold(d, gap).min(1.0 - NEWTON_GAP);
        let limit = 3 * kept_rows(d);
        if forms.len() > limit {
            let mut sorted = forms.clone();
            sorted.sort_unstable_by(|a, b| b.total_cmp(a));
            threshold = threshold.max(sorted[limit].min(1.0 - NEWTON_GAP));
        }
        let stays: Vec<bool> =
            self.weights.iter().zip(&forms).map(|(w, g)| *w > 0.0 || *g >= threshold).collect();
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
