// Any bytes as what the portal and the report answer, as a token and as what customers ask: an
// outcome that can be published, never an exception.
#include <cstdlib>

#include "amount.hpp"
#include "dni.hpp"
#include "encoding.hpp"
#include "gaso_report.hpp"
#include "parts.hpp"
#include "portal_answers.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes = bytesOf(data, size);
    static_cast<void>(fnb::readLogin(200, bytes));
    static_cast<void>(fnb::readToken(bytes));
    static_cast<void>(fnb::readStoredSession(bytes));
    static_cast<void>(fnb::readRetryAfter(bytes, 1'781'791'332));
    static_cast<void>(fnb::decodeBase64Url(bytes));
    static_cast<void>(fnb::queryParameter(bytes, "dni"));
    static_cast<void>(fnb::readAmount(bytes));
    if (const auto dni = fnb::readDni(bytes)) {
        if (dni->size() != 8 || fnb::maskDni(*dni).find(*dni) != std::string::npos) std::abort();
    }
    const fnb::Outcome outcome = fnb::readLookUp(bytes);
    if (const auto again = fnb::readOutcome(fnb::outcomeText(outcome), fnb::Channel::kFnb)) {
        if (fnb::outcomeText(*again) != fnb::outcomeText(outcome)) std::abort();
    }
    static const std::vector<fnb::GasoMeasure> kMeasures = fnb::gasoMeasures({});
    std::vector<fnb::GasoValue> values;
    std::string_view rest = bytes;
    for (std::size_t i = 0; i < kMeasures.size(); ++i) {
        values.push_back(fnb::readGasoValue(200, takeLine(rest)));
    }
    std::string warning;
    static_cast<void>(fnb::gasoOutcome("08408122", kMeasures, values, warning));
    if (warning.find("08408122") != std::string::npos) std::abort();
    return 0;
}
