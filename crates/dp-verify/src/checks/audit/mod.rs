//! Checks of the claims of dp-audit.

mod alarms;
mod binomial;
mod correct;
mod divergence;
mod exact;
mod faults;
mod noise;
mod one_run;
mod power;
mod replay;
mod sequential;
mod table;
mod threshold;
mod trial;

pub(crate) use power::audit_of_planted;
#[cfg(test)]
pub(crate) use power::planted_faults;
pub use table::audit_table;

use crate::{Check, Evidence};

/// Every check of this crate's claims.
pub(crate) fn checks() -> Vec<Check> {
    use Evidence::{Audit, Exact, Search, Statistical};
    vec![
        Check { claim: "audit.binomial.bounds", evidence: Exact, run: binomial::bounds },
        Check { claim: "audit.exact.divergence", evidence: Exact, run: divergence::divergence },
        Check { claim: "audit.threshold.validity", evidence: Exact, run: threshold::validity },
        Check { claim: "audit.sequential.validity", evidence: Exact, run: sequential::validity },
        Check { claim: "audit.one_run.bound", evidence: Exact, run: one_run::attained },
        Check { claim: "audit.one_run.bound", evidence: Search, run: one_run::search },
        Check { claim: "audit.replay.distance", evidence: Exact, run: replay::distance },
        Check { claim: "audit.no_false_alarm", evidence: Statistical, run: alarms::no_false_alarm },
        Check { claim: "audit.power", evidence: Audit, run: power::power },
    ]
}
