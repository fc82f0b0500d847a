//! Faults: kills, full disks, locks, clocks, slow and broken clients, floods. What was acknowledged is there, once.

#![cfg(not(target_arch = "wasm32"))]

mod faults {
    mod child;
    mod client;
    mod clients;
    mod clock;
    mod disk;
    mod flood;
    mod kept;
    mod kill;
    mod locked;
    mod stopping;
}
