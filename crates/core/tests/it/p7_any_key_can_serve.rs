//! P7: if some key in reach can serve the request before its deadline, the client sees success.

mod choice;
mod fair_queue;
mod ramp;
mod selection;
