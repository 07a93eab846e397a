//! What every flow is told about the request that it serves.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
pub use membrane_model::Channel;
use membrane_model::{AddressClass, Clock, Limits, PrincipalId};

/// Who asks, by which way, within which bounds, at what time.
#[derive(Clone)]
pub struct RequestCtx {
    /// Who asks.
    pub principal: PrincipalId,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// The bounds.
    pub limits: Limits,
    /// The way.
    pub channel: Channel,
    /// The id of the bearer that was shown.
    pub session: Option<String>,
    /// From where.
    pub address: AddressClass,
}

impl RequestCtx {
    /// Says in which session it is asked, and from where.
    #[must_use]
    pub fn in_session(self, session: Option<String>, address: AddressClass) -> Self {
        Self { session, address, ..self }
    }

    /// Returns the present moment.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}

impl fmt::Debug for RequestCtx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestCtx")
            .field("principal", &self.principal)
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}
