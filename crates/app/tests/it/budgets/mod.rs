//! Budgets of a whole plane: who is bound by what, what is told, and what survives.

mod caps;
mod changes;
mod endings;
mod scene;
mod survival;
