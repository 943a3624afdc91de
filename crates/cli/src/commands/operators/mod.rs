//! `portunus operators`: who may do what. How they sign in is in [`sign_ins`].

mod passwords;
mod sign_ins;

use super::plane::Plane;
use super::tokens::{end_words, rotated_words, successor};
use crate::args::expiry::Expiry;
use crate::args::operators::{OperatorsArgs, OperatorsVerb, RoleName};
use crate::client::{BaseUrl, Wanted, escape};
use crate::failure::Failure;
use crate::output::{Table, moment};
use portunus_api::operators::{
    CreateOperator, Operator, OperatorCreated, OperatorDeleted, Role, UpdateOperator,
};

/// Runs one verb.
pub(super) async fn run(args: OperatorsArgs) -> Result<(), Failure> {
    let plane = Plane::reach(&args.reach)?;
    match args.verb {
        OperatorsVerb::Create {
            name,
            role,
            scopes,
            expires,
        } => {
            let body = CreateOperator {
                name: name.to_string(),
                role: role.map(meant),
                scopes: given(scopes),
                expires_at: expires.and_then(Expiry::at),
                expires_in_ms: expires.and_then(Expiry::in_ms),
            };
            let answer = plane.post("/operators", &body).await?;
            plane.show(&answer, |created| created_words(&created, plane.url()))
        }
        OperatorsVerb::List(page) => {
            let wanted = Wanted {
                limit: page.limit,
                cursor: page.cursor,
            };
            plane
                .show_list("/operators", &[], &wanted, list_words)
                .await
        }
        OperatorsVerb::Show { operator } => {
            let answer = plane.get(&at(&operator), &[]).await?;
            plane.show(&answer, |operator| shown_words(&operator))
        }
        OperatorsVerb::SetRole {
            operator,
            role,
            scopes,
            force,
        } => {
            let body = UpdateOperator {
                role: role.map(meant),
                scopes: given(scopes),
                force: force.then_some(true),
            };
            let answer = plane.patch(&at(&operator), &body).await?;
            plane.show(&answer, |operator| shown_words(&operator))
        }
        OperatorsVerb::Rotate {
            operator,
            overlap,
            expires,
        } => {
            let path = format!("{}/tokens/rotate", at(&operator));
            let answer = plane.post(&path, &successor(overlap, expires)).await?;
            plane.show(&answer, |rotated| rotated_words(&rotated))
        }
        OperatorsVerb::SignIn(verb) => sign_ins::run(&plane, verb).await,
        OperatorsVerb::Delete { operator, force } => {
            let force = force.then(|| ("force", "true".to_owned()));
            let query: Vec<_> = force.into_iter().collect();
            let answer = plane.delete(&at(&operator), &query).await?;
            plane.show(&answer, |deleted: OperatorDeleted| {
                let ended = match deleted.revoked.len() {
                    1 => "1 token has ended".to_owned(),
                    count => format!("{count} tokens have ended"),
                };
                format!("Deleted operator {}; {ended}.\n", deleted.operator.name)
            })
        }
    }
}

fn at(operator: &str) -> String {
    format!("/operators/{}", escape(operator))
}

const fn meant(role: RoleName) -> Role {
    match role {
        RoleName::Admin => Role::Admin,
        RoleName::Operator => Role::Operator,
        RoleName::Viewer => Role::Viewer,
    }
}

fn given(scopes: Vec<String>) -> Option<Vec<String>> {
    Some(scopes).filter(|scopes| !scopes.is_empty())
}

const fn role_name(role: Option<Role>) -> &'static str {
    match role {
        Some(Role::Admin) => "admin",
        Some(Role::Operator) => "operator",
        Some(Role::Viewer) => "viewer",
        None => "none",
    }
}

fn created_words(created: &OperatorCreated, url: &BaseUrl) -> String {
    format!(
        "Created operator {} ({}), role {}. The token, shown only now:\n\n  {}\n\n{}\
         Signing in with it: portunus login --url {url}\n",
        created.operator.name,
        created.operator.id,
        role_name(created.operator.role),
        created.token.expose(),
        end_words(created.expires_at.as_deref()),
    )
}

fn shown_words(operator: &Operator) -> String {
    let created = moment::stamp(&operator.created_at);
    format!(
        "{} ({}), role {}, created {created}\nmay {}\n",
        operator.name,
        operator.id,
        role_name(operator.role),
        operator.may.join(", ")
    )
}

fn list_words(operators: &[Operator]) -> String {
    let mut table = Table::new(&["NAME", "ROLE", "SCOPES", "ID", "CREATED"])
        .wrapping("SCOPES")
        .giving_way(&["CREATED", "ID"]);
    for operator in operators {
        let created = moment::stamp(&operator.created_at);
        let scopes = operator.scopes.join(" ");
        table.plain_row([
            operator.name.as_str(),
            role_name(operator.role),
            &scopes,
            &operator.id,
            &created,
        ]);
    }
    table.render()
}
