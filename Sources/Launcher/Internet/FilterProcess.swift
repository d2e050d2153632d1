// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem
import Sandbox

/// An `nft` that has made its table and stays, since the table goes with it.
final class FilterProcess {
    /// Readable when it has ended.
    let process: Descriptor
    private let input: Descriptor.Box
    /// Milliseconds within which the rules are made.
    private static let patience: CInt = 10_000

    /// - Parameter rules: lines of nft(8).
    /// - Throws: ``LauncherRefusal`` with nft's own words.
    init(_ rules: String, network: CInt, starter: InstanceStarter) throws {
        let (input, output, complaints, status) = (try Pipe(), try Pipe(), try Pipe(), try MessageSocketPair())
        let plan = FilterPlan.steps(
            network: network, input: input.read.number, output: output.write.number, complaints: complaints.write.number,
            status: status.other.number)
        process = try starter.spawn(plan, namespaces: 0, status: status.other.number)
        self.input = input.write
        // Whatever it makes of the last line comes after all that it has to say of those before.
        try input.write.descriptor.writeAll(rules + "\nlist tables\n")
        try Self.awaitAnswer(output.read)
        let number = complaints.read.number
        try systemCall("fcntl O_NONBLOCK") { fcntl(number, F_SETFL, O_NONBLOCK) }
        var buffer = [UInt8](repeating: 0, count: WireBounds.sentence)
        let count = read(number, &buffer, buffer.count)
        if count > 0 { throw LauncherRefusal("nft did not take the rules: \(String(decoding: buffer[..<count], as: UTF8.self))") }
        withExtendedLifetime((input, output, complaints, status)) {}
    }

    private static func awaitAnswer(_ output: Descriptor.Box) throws {
        var wait = pollfd(fd: output.number, events: Int16(POLLIN), revents: 0)
        var buffer = [UInt8](repeating: 0, count: 4096)
        try systemCall("poll") { poll(&wait, 1, patience) }
        guard wait.revents & Int16(POLLIN) != 0, read(output.number, &buffer, buffer.count) > 0 else {
            throw LauncherRefusal("\(FilterPlan.program) did not answer: --internet-access needs nftables (apt install nftables)")
        }
    }
}
