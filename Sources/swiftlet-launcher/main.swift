// SPDX-License-Identifier: Apache-2.0
import Glibc
import Launcher
import LinuxSystem

do { exit(try Launcher.run(CommandLine.arguments)) } catch {
    writeToStandardError("swiftlet-launcher: \(error)")
    exit(1)
}
