// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import Launcher
import LinuxSystem
import Sandbox
import Testing

/// Pieces of reading ahead that no running host shows.
extension SandboxOnThisKernel {
    @Suite(.serialized) struct RecordingTests {
        /// Of a process that has ended the number may be another's, of which nobody is to hear.
        @Test func aNumberThatIsNoMoreAmongThoseMeantIsLeftOut() throws {
            let other = try LauncherFixture.spawn(["/bin/sleep", "60"])
            defer {
                kill(other, SIGKILL)
                waitpid(other, nil, 0)
            }
            let (own, strange) = (Array("\(getpid())".utf8), Array("\(other)".utf8))
            var asked = 0
            let files = try MappedFiles.open { () throws(SystemCallError) in
                asked += 1
                return asked == 1 ? [own, strange] : [own]
            }
            #expect(asked == 2 && files.count == 2)
            let maps = String(decoding: try #require(try files[0].descriptor.readAll(limit: 1 << 26)), as: UTF8.self)
            #expect(!maps.contains("/sleep"))
        }
    }
}
