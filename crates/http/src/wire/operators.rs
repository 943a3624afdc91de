//! Operators on the wire.

use super::time::rfc3339;
use portunus_api::operators as api;
use portunus_core::operator::{Operator, Role};
use portunus_core::scope::ScopeSet;

pub(crate) fn operator(operator: &Operator) -> api::Operator {
    let authority = &operator.authority;
    api::Operator {
        id: operator.id.to_string(),
        name: operator.name.to_string(),
        role: authority.role().map(|role| match role {
            Role::Admin => api::Role::Admin,
            Role::Operator => api::Role::Operator,
            Role::Viewer => api::Role::Viewer,
        }),
        scopes: authority.explicit().map(texts).unwrap_or_default(),
        may: texts(authority.grants()),
        created_at: rfc3339(operator.created_at),
    }
}

pub(crate) const fn role(role: api::Role) -> Role {
    match role {
        api::Role::Admin => Role::Admin,
        api::Role::Operator => Role::Operator,
        api::Role::Viewer => Role::Viewer,
    }
}

fn texts(set: &ScopeSet) -> Vec<String> {
    set.patterns().map(ToString::to_string).collect()
}
