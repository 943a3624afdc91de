//! Passwords of operators: set and removed. The current one is asked for where the plane wants it, and is no argument.

use super::super::plane::Plane;
use super::at;
use crate::client::Answer;
use crate::config::ProcessEnvironment;
use crate::failure::Failure;
use crate::secret_input;
use portunus_api::operators::{PasswordRemoved, PasswordSet, RemovePassword, SetPassword};
use portunus_api::{ErrorCode, SecretText};
use std::io::IsTerminal;

/// Sets one that is asked for, or in the variable `from_env`.
pub(super) async fn set(
    plane: &Plane,
    operator: &str,
    from_env: Option<&str>,
    current_from_env: Option<String>,
) -> Result<(), Failure> {
    let what = format!("The new password of {operator}");
    let password = secret_input::new_password(from_env, &what)?;
    let path = format!("{}/password", at(operator));
    let send = async |current_password| {
        let password = SecretText::new(password.expose().to_owned());
        let body = SetPassword {
            password,
            current_password,
        };
        plane.put(&path, &body).await
    };
    let answer = confirmed(operator, current_from_env, send).await?;
    plane.show(&answer, |set: PasswordSet| {
        let whose = set.operator;
        format!("The password of {whose} is set; other sessions have ended.\n")
    })
}

/// Removes one.
pub(super) async fn remove(
    plane: &Plane,
    operator: &str,
    current_from_env: Option<String>,
    force: Option<bool>,
) -> Result<(), Failure> {
    let path = format!("{}/password/remove", at(operator));
    let send = async |current_password| {
        let body = RemovePassword {
            current_password,
            force,
        };
        plane.post(&path, &body).await
    };
    let answer = confirmed(operator, current_from_env, send).await?;
    plane.show(&answer, |removed: PasswordRemoved| {
        let whose = removed.operator;
        format!("The password of {whose} is removed; other sessions have ended.\n")
    })
}

/// Sends a change with the current password, if it is in a variable, or if the plane wants it and somebody can be asked.
async fn confirmed(
    operator: &str,
    from_env: Option<String>,
    send: impl AsyncFn(Option<SecretText>) -> Result<Answer, Failure>,
) -> Result<Answer, Failure> {
    let current = |from_env: Option<&str>| {
        let what = format!("The current password of {operator}");
        let given = secret_input::password(from_env, &what, &ProcessEnvironment)?;
        Ok::<_, Failure>(SecretText::new(given.expose().to_owned()))
    };
    if let Some(variable) = from_env {
        return send(Some(current(Some(&variable))?)).await;
    }
    match send(None).await {
        Err(refused) if refused.has_code(ErrorCode::CurrentPasswordNeeded) => {
            if !std::io::stdin().is_terminal() {
                return Err(refused.fix("name a variable that has it with --current-from-env"));
            }
            send(Some(current(None)?)).await
        }
        answered => answered,
    }
}
