//! Bounds on the requests that are worked on at once: of all together, and of one principal, so that nobody takes all places.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use membrane_model::PrincipalId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::App;
use crate::config::ServerSection;
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};

/// The places for requests at work.
#[derive(Debug)]
pub(crate) struct Slots {
    all: Arc<Semaphore>,
    each_max: usize,
    /// How many of them each principal has; nobody who has none.
    taken: Mutex<HashMap<PrincipalId, usize>>,
}

/// A place among the requests at work. A streamed answer keeps it for as long as it is being produced.
#[derive(Debug, Clone)]
pub(super) struct Slot(#[expect(dead_code, reason = "held, not read")] Arc<Place>);

/// A place, which is free again when this is dropped.
#[derive(Debug)]
struct Place {
    slots: Arc<Slots>,
    principal: PrincipalId,
    _permit: OwnedSemaphorePermit,
}

impl Slots {
    /// Makes the places of a server.
    pub(crate) fn new(server: &ServerSection) -> Arc<Self> {
        let all = Arc::new(Semaphore::new(server.requests_max));
        Arc::new(Self { all, each_max: server.requests_each(), taken: Mutex::default() })
    }

    /// Takes a place for a principal.
    ///
    /// # Errors
    /// [`Error::RequestsLimit`] when it has its share, [`Error::Busy`] when none is free.
    pub(super) fn take(self: &Arc<Self>, principal: &PrincipalId) -> Result<Slot, Error> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let own = taken.get(principal).copied().unwrap_or(0);
        if own >= self.each_max {
            return Err(Error::RequestsLimit { requests_max: self.each_max });
        }
        let permit = self.all.clone().try_acquire_owned().map_err(|_| Error::Busy)?;
        taken.insert(principal.clone(), own.saturating_add(1));
        Ok(Slot(Arc::new(Place { slots: self.clone(), principal: principal.clone(), _permit: permit })))
    }

    /// Returns how many places are free.
    #[cfg(test)]
    pub(super) fn free(&self) -> usize {
        self.all.available_permits()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.slots.taken.lock().unwrap_or_else(PoisonError::into_inner);
        match taken.get_mut(&self.principal) {
            Some(own) if *own > 1 => *own -= 1,
            _ => drop(taken.remove(&self.principal)),
        }
    }
}

/// Gives the request a place, or refuses it.
pub(super) async fn take_slot(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let ctx = request.extensions().get::<RequestCtx>();
    let slot = match ctx {
        Some(ctx) => app.slots.take(&ctx.principal),
        None => Err(Error::Internal("nobody asks")),
    };
    match slot {
        Ok(slot) => {
            request.extensions_mut().insert(slot.clone());
            let response = next.run(request).await;
            drop(slot);
            response
        }
        Err(error) => Failure::without_run(error).into_response(),
    }
}

#[cfg(test)]
mod tests;
