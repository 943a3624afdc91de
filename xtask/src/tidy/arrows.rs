//! Which crate may build on which. An arrow that is not in the table is refused.

use super::Finding;
use crate::metadata::{Metadata, Package};

/// One crate, what its production code may build on, and why.
struct Arrow {
    from: &'static str,
    to: &'static [&'static str],
    why: &'static str,
}

const ARROWS: [Arrow; 13] = [
    Arrow {
        from: "portunus-core",
        to: &[],
        why: "the domain knows nobody, so that every rule is tested without the world",
    },
    Arrow {
        from: "portunus-api",
        to: &[],
        why: "wire types carry no logic and no domain, so that clients can share them",
    },
    Arrow {
        from: "portunus-store",
        to: &["portunus-core"],
        why: "a store keeps what the domain says",
    },
    Arrow {
        from: "portunus-store-sql",
        to: &["portunus-core", "portunus-store"],
        why: "a database is one way to keep it",
    },
    Arrow {
        from: "portunus-app",
        to: &["portunus-core", "portunus-store"],
        why: "use cases load, decide and save, whatever the database",
    },
    Arrow {
        from: "portunus-proxy",
        to: &["portunus-app", "portunus-core"],
        why: "the model door leases through app and never touches a store",
    },
    Arrow {
        from: "portunus-http",
        to: &["portunus-api", "portunus-app", "portunus-core"],
        why: "routes translate between the wire and app",
    },
    Arrow {
        from: "portunus-client",
        to: &["portunus-api", "portunus-core"],
        why: "an agent's library knows the wire and the domain's words, and nothing of the plane's inside",
    },
    Arrow {
        from: "portunus-broker",
        to: &["portunus-api", "portunus-client", "portunus-core"],
        why: "the broker is a client of the plane and knows nothing of its inside",
    },
    Arrow {
        from: "portunus",
        to: &[
            "portunus-api",
            "portunus-app",
            "portunus-broker",
            "portunus-client",
            "portunus-core",
            "portunus-http",
            "portunus-proxy",
            "portunus-store",
            "portunus-store-sql",
            "portunus-testkit",
        ],
        why: "the binary wires everything; testkit is the demo's provider (docs/adr/0001)",
    },
    Arrow {
        from: "portunus-testkit",
        to: &["portunus-core"],
        why: "the mock clock is core's; a fake provider that shared more of our code would share our mistakes",
    },
    Arrow {
        from: "portunus-bench",
        to: &[
            "portunus-app",
            "portunus-core",
            "portunus-proxy",
            "portunus-store",
            "portunus-store-sql",
        ],
        why: "the bench drives the binary from outside, seeds its store, and times single steps of the hot path",
    },
    Arrow {
        from: "xtask",
        to: &[],
        why: "the rules must run when the code does not compile",
    },
];

/// What tests of any crate may use besides: a provider, a store, and the listener that the door stands behind.
const IN_TESTS: [&str; 6] = [
    "portunus-http",
    "portunus-testkit",
    "portunus-store",
    "portunus-store-sql",
    "portunus-core",
    "portunus-app",
];

pub(super) fn check(metadata: &Metadata) -> Vec<Finding> {
    let members: Vec<&Package> = metadata.members().collect();
    members
        .iter()
        .flat_map(|package| of_package(package, &members))
        .collect()
}

fn of_package(package: &Package, members: &[&Package]) -> Vec<Finding> {
    let Some(arrow) = ARROWS.iter().find(|arrow| arrow.from == package.name) else {
        let message = "is not in the table of arrows (xtask/src/tidy/arrows.rs). Say there what it may build on, and why";
        return vec![Finding::new(&package.name, 0, message)];
    };
    package
        .dependencies
        .iter()
        .filter(|d| members.iter().any(|member| member.name == d.name))
        .filter(|d| {
            let in_tests = d.kind.as_deref() == Some("dev") && IN_TESTS.contains(&d.name.as_str());
            !in_tests && !arrow.to.contains(&d.name.as_str())
        })
        .map(|d| {
            Finding::new(
                &package.name,
                0,
                format!(
                    "builds on {}, which is no arrow of ours: {}. Move the code to where the arrow points, \
                     or write an ADR and add the arrow to the table",
                    d.name, arrow.why
                ),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(from: &str, to: &str, kind: Option<&str>) -> Metadata {
        let package = |name: &str, dependencies: serde_json::Value| {
            serde_json::json!({"id": name, "name": name,
                "dependencies": dependencies})
        };
        serde_json::from_value(serde_json::json!({
            "packages": [package(from, serde_json::json!([{"name": to, "kind": kind}])), package(to, serde_json::json!([]))],
            "workspace_members": [from, to], "target_directory": "",
        }))
        .unwrap()
    }

    #[test]
    fn an_arrow_against_the_table_is_found() {
        let found = check(&metadata("portunus-core", "portunus-app", None));
        assert_eq!(found.len(), 1);
        assert!(found[0].message.contains("the domain knows nobody"));
        assert_eq!(
            check(&metadata("portunus-proxy", "portunus-store-sql", None)).len(),
            1
        );
        assert_eq!(
            check(&metadata("portunus-app", "portunus-core", None)).len(),
            0
        );
    }

    #[test]
    fn tests_may_use_the_fake_provider_and_a_real_store() {
        assert_eq!(
            check(&metadata("portunus-app", "portunus-store-sql", Some("dev"))).len(),
            0
        );
        assert_eq!(
            check(&metadata("portunus-app", "portunus-proxy", Some("dev"))).len(),
            1
        );
    }

    #[test]
    fn a_crate_outside_the_table_is_found() {
        assert_eq!(
            check(&metadata("portunus-shed", "portunus-core", None)).len(),
            1
        );
    }
}
