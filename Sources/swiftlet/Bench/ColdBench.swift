// SPDX-License-Identifier: Apache-2.0

/// Takes cold and bare starts in turns, so that whatever the machine does meanwhile falls on both.
struct ColdBench {
    let name: String
    let body: [UInt8]
    let address: HostAddress
    let client: HostClient
    let bare: Result<BareProcess, ColdStartReport.Reason>

    func run(_ count: Int) async throws -> ColdStartReport {
        var runs: [ColdStartReport.Run] = []
        var bareTimes: [Double] = []
        for _ in 0..<count {
            _ = try await client.data(.delete, "/swiftlet/v1/functions/\(HostClient.escape(name))/instances")
            runs.append(try await cold())
            if case .success(let process) = bare { bareTimes.append(try await onOwnThread { try process.measure() }) }
        }
        return ColdStartReport(function: name, runs: runs, bare: bare.map { _ in bareTimes })
    }

    private func cold() async throws -> ColdStartReport.Run {
        let (address, name) = (address, name)
        let request = TimedCall.request(path: "\(FunctionAnswer.path(name))/invocations", host: address.text, body: body)
        let answer = try await onOwnThread { try TimedCall.send(request, to: address.socket, since: TimedCall.clock()) }
        let text = String(decoding: answer.body.prefix(2000), as: UTF8.self)
        guard answer.status == 200, answer.headers["x-fc-error-type"] == nil else {
            throw CommandFailure("the call failed with status \(answer.status): \(printable(text))")
        }
        guard let timing = answer.headers["server-timing"] else {
            throw CommandFailure("a call met a running instance and was no cold start: does something else call '\(name)'?")
        }
        return .init(total: answer.milliseconds, phases: ServerTiming.parse(timing))
    }
}
