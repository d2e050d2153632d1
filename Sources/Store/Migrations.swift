// SPDX-License-Identifier: Apache-2.0
import GRDB

/// The history of the schema. A migration that has landed is never changed; a new one is added below it.
enum Migrations {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 images", migrate: images)
        migrator.registerMigration("2 functions", migrate: functions)
        migrator.registerMigration("3 aliases", migrate: aliases)
        migrator.registerMigration("4 function settings", migrate: functionSettings)
        migrator.registerMigration("5 triggers", migrate: triggers)
        migrator.registerMigration("6 preparations", migrate: preparations)
        migrator.registerMigration("7 custom domains", migrate: customDomains)
        migrator.registerMigration("8 layers", migrate: layers)
        migrator.registerMigration("9 pulled images", migrate: pulledImages)
        migrator.registerMigration("10 async configs", migrate: asyncConfigs)
        migrator.registerMigration("11 access", migrate: access)
        migrator.registerMigration("12 shared definitions", migrate: sharedDefinitions)
        return migrator
    }
}
