//! `dialdeckd user …`.

use super::UserCommand;
use crate::api::session;
use crate::domain::plain;
use crate::floor::open_store;
use crate::settings::Settings;
use crate::storage::{NewUser, StoreError};
use chrono::Utc;
use color_eyre::eyre::{Result, bail, eyre};
use dialdeck_protocol::OrganizationId;
use std::io::BufRead;

pub(super) async fn run(settings: &Settings, command: &UserCommand) -> Result<()> {
    let store = open_store(settings).await?;
    match command {
        UserCommand::Add { name, role, password_stdin, organization } => {
            if plain::line(name, 80) != *name || name.is_empty() {
                bail!("the name {:?} must be 1 to 80 plain characters on one line", plain::line(name, 80));
            }
            let password_hash =
                session::hash(password(*password_stdin)?).await.map_err(|p| eyre!(p.message))?;
            let user = NewUser {
                campaigns: None,
                organization_id: OrganizationId(organization.clone()),
                name: name.clone(),
                role: *role,
                password_hash,
                at: Utc::now(),
            };
            store.add_user(&user).await.map_err(|error| match error {
                StoreError::Conflict(_) => {
                    eyre!("{name} is there already, or the organization {organization} is not")
                }
                other => eyre!(other),
            })?;
            println!("added {name} as {role}");
        }
        UserCommand::Password { name, password_stdin } => {
            let hash = session::hash(password(*password_stdin)?).await.map_err(|p| eyre!(p.message))?;
            if !store.set_password(name, &hash, Utc::now()).await? {
                bail!("there is no user {:?}", plain::line(name, 80));
            }
            println!("{name} has a new password and no sessions");
        }
        UserCommand::List { organization } => {
            let users = store.users(&OrganizationId(organization.clone())).await?;
            if users.is_empty() {
                println!("no users yet: dialdeckd user add NAME --role admin");
            }
            for user in users {
                println!("{:<24} {}{}", user.name, user.role, if user.disabled { " (disabled)" } else { "" });
            }
        }
    }
    Ok(())
}

fn password(from_stdin: bool) -> Result<String> {
    if from_stdin {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line)?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    let first = rpassword::prompt_password("Password: ")?;
    if first != rpassword::prompt_password("Again: ")? {
        bail!("the two are not alike");
    }
    Ok(first)
}
