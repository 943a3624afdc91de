//! Budgets: no reservation passes a cap, nothing is forgotten or counted twice, and windows follow the calendar.

mod model;
mod rules;
mod scene;
