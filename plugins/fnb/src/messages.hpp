#pragma once

#include <string>
#include <string_view>

#include "outcome.hpp"

namespace fnb {

/// The texts for the customer, with WhatsApp's marks (`*bold*`). Placeholders: {nombre}, {monto},
/// {telefono}. A line whose placeholder has no value is left out.
struct MessageTemplates {
    std::string offer =
        "🎉 ¡Felicitaciones, *{nombre}*!\n\n"
        "Tienes una línea de crédito disponible de *{monto}*. 💳\n\n"
        "Responde a este mensaje y un asesor te ayudará a usarla.";
    std::string noCredit =
        "Hola, *{nombre}*.\n\n"
        "Por ahora no tienes una línea de crédito disponible.\n\n"
        "Para calificar, mantén tus recibos de gas al día y a tu nombre; "
        "volvemos a evaluarte cada mes.\n\n"
        "Si tienes dudas, llámanos al {telefono}.";
    std::string notFound =
        "No encontramos una línea de crédito con el DNI que nos indicaste.\n\n"
        "Revisa que el número esté bien escrito. Para calificar, el servicio de gas "
        "debe estar a tu nombre y con los recibos al día.\n\n"
        "Si tienes dudas, llámanos al {telefono}.";
    std::string technical =
        "😔 Lo sentimos, en este momento no podemos completar tu consulta.\n\n"
        "Inténtalo de nuevo en unos minutos, por favor.\n\n"
        "Si es urgente, llámanos al {telefono}.";
    std::string supportPhone;
};

/// What to send to the customer.
std::string messageFor(const Outcome& outcome, const MessageTemplates& templates);

/// One paragraph without marks.
std::string compactMessage(std::string_view message);
/// Marks as tags, everything else escaped.
std::string htmlMessage(std::string_view message);

/// The answer of a look-up as both generations of clients read it (JSON text).
std::string resultJson(const Outcome& outcome, std::string_view dni,
                       const MessageTemplates& templates);

}  // namespace fnb
