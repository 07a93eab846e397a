use super::*;
use crate::session::{Contents, user_session_in};

fn limits(memory_bytes_max: usize) -> Limits {
    Limits { memory_bytes_max, ..Limits::default() }
}

#[test]
fn a_query_stops_at_its_own_limit() {
    let engine = engine_pool(&limits(100));
    let query = query_pool(&engine, &limits(100));
    let reservation = MemoryConsumer::new("test").register(&query);
    assert!(reservation.try_grow(100).is_ok());
    assert!(reservation.try_grow(1).is_err());
    assert_eq!((query.reserved(), engine.reserved()), (100, 100));
}

#[test]
fn queries_stop_at_the_limit_of_all() {
    let engine = engine_pool(&limits(100));
    let queries: Vec<_> = (0..6).map(|_| query_pool(&engine, &limits(100))).collect();
    let reservations: Vec<_> =
        queries.iter().map(|query| MemoryConsumer::new("test").register(query)).collect();
    let granted: Vec<bool> =
        reservations.iter().map(|reservation| reservation.try_grow(90).is_ok()).collect();
    assert_eq!(granted, [true, true, true, true, false, false]);
    // What was refused by the engine is not held by the query either.
    assert_eq!(queries[5].reserved(), 0);
    assert_eq!(engine.reserved(), 360);
    assert!(reservations[5].try_grow(40).is_ok());
}

#[test]
fn what_a_query_held_is_given_back() {
    let engine = engine_pool(&limits(100));
    let query = query_pool(&engine, &limits(100));
    let reservation = MemoryConsumer::new("test").register(&query);
    reservation.grow(70);
    reservation.shrink(30);
    assert_eq!((query.reserved(), engine.reserved()), (40, 40));
    drop(reservation);
    assert_eq!((query.reserved(), engine.reserved()), (0, 0));
}

/// Sessions of one engine share its memory; what one does not use is there for the other.
#[test]
fn sessions_of_one_engine_share() {
    let limits = limits(100);
    let engine = engine_pool(&limits);
    let sessions: Vec<_> =
        (0..5).map(|_| user_session_in(&engine, Contents::default(), &limits).unwrap()).collect();
    let held: Vec<_> = sessions
        .iter()
        .map(|session| {
            let reservation = MemoryConsumer::new("test").register(&session.runtime_env().memory_pool);
            let granted = reservation.try_grow(100).is_ok();
            (reservation, granted)
        })
        .collect();
    assert_eq!(held.iter().filter(|(_, granted)| *granted).count(), 4);
    assert_eq!(engine.reserved(), 400);
    drop(held);
    assert_eq!(engine.reserved(), 0);
}
