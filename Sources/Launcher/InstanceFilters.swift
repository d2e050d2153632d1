// SPDX-License-Identifier: Apache-2.0
import LinuxSystem
import Sandbox

/// The filters that instances load, compiled when the launcher starts.
struct InstanceFilters: ~Copyable {
    let standard: SeccompFilter
    let strict: SeccompFilter
    /// The same two for programs whose listen(2) is not reported.
    let silent: SeccompFilter
    let silentStrict: SeccompFilter

    init() throws(SystemCallError) {
        let standard = try SeccompFilter(.standard, reportsListen: true)
        let strict = try SeccompFilter(.strict, reportsListen: true)
        let silent = try SeccompFilter(.standard, reportsListen: false)
        let silentStrict = try SeccompFilter(.strict, reportsListen: false)
        self.standard = standard
        self.strict = strict
        self.silent = silent
        self.silentStrict = silentStrict
    }

    func keep(in mold: Mold) throws(SystemCallError) {
        try mold.keep(standard)
        try mold.keep(strict)
        try mold.keep(silent)
        try mold.keep(silentStrict)
    }

    /// The plan in the form that the step runner walks.
    func program(_ plan: [SetupStep], for spec: InstanceSpec) -> StepProgram {
        switch (spec.profile, spec.reportsListen) {
        case (.standard, true): StepProgram(plan, filter: standard)
        case (.strict, true): StepProgram(plan, filter: strict)
        case (.standard, false): StepProgram(plan, filter: silent)
        case (.strict, false): StepProgram(plan, filter: silentStrict)
        }
    }
}
