//! How use cases about agents end, as refusals.

use super::Refusal;
use portunus_api::ErrorCode;
use portunus_app::agents::archive::ArchiveError;
use portunus_app::agents::create::CreateError;
use portunus_app::agents::restore::RestoreError;
use portunus_app::agents::show::ShowError;
use portunus_app::agents::update::UpdateAgentError;
use portunus_app::imported::upgrade::UpgradeError;
use portunus_app::tokens::rotate::RotateError;

impl From<CreateError> for Refusal {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::NameTaken { ref free } => {
                let refusal = Self::new(ErrorCode::NameTaken, error.to_string());
                match free {
                    Some(name) => refusal.fix(format!("choose another name; {name} is free")),
                    None => refusal,
                }
            }
            CreateError::MeansEverybody => Self::new(ErrorCode::InvalidBody, error.to_string())
                .fix("choose another name, such as all-2"),
            CreateError::Failure(failure) => failure.into(),
        }
    }
}

impl From<UpdateAgentError> for Refusal {
    fn from(error: UpdateAgentError) -> Self {
        match error {
            UpdateAgentError::NotFound => ShowError::NotFound.into(),
            UpdateAgentError::Beyond(beyond) => Self::beyond_scope(&beyond),
            UpdateAgentError::Failure(failure) => failure.into(),
        }
    }
}

impl From<ArchiveError> for Refusal {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::NotFound => ShowError::NotFound.into(),
            ArchiveError::Already => Self::new(ErrorCode::AgentArchived, error.to_string())
                .fix("nothing needs to be done"),
            ArchiveError::Failure(failure) => failure.into(),
        }
    }
}

impl From<RestoreError> for Refusal {
    fn from(error: RestoreError) -> Self {
        match error {
            RestoreError::NotFound => ShowError::NotFound.into(),
            RestoreError::NotArchived => Self::new(ErrorCode::NotArchived, error.to_string()),
            RestoreError::Beyond(beyond) => Self::beyond_scope(&beyond),
            RestoreError::Failure(failure) => failure.into(),
        }
    }
}

impl From<RotateError> for Refusal {
    fn from(error: RotateError) -> Self {
        match error {
            RotateError::NotFound => ShowError::NotFound.into(),
            RotateError::Archived => Self::new(ErrorCode::AgentArchived, error.to_string()),
            RotateError::Failure(failure) => failure.into(),
        }
    }
}

impl From<UpgradeError> for Refusal {
    fn from(error: UpgradeError) -> Self {
        match error {
            UpgradeError::NotAdmitted(cause) => cause.into(),
            UpgradeError::Failure(failure) => failure.into(),
        }
    }
}
