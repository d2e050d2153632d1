// SPDX-License-Identifier: Apache-2.0
import Glibc
import Launcher
import LinuxSystem

do {
    if ReadAheadProcess.isMeant(CommandLine.arguments) {
        try ReadAheadProcess.run()
        exit(0)
    }
    exit(try Launcher.run(CommandLine.arguments))
} catch {
    writeToStandardError("\(ReadAheadProcess.isMeant(CommandLine.arguments) ? "swiftlet-ahead" : "swiftlet-launcher"): \(error)")
    exit(1)
}
